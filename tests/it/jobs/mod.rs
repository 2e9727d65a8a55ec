//! Groups, grants and jobs: who may run what, what a run does, and how it is told.

mod cli;
