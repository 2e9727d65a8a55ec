//! Groups, grants and jobs: who may run what, what a run does, and how it is told.

mod api; // the same over HTTP
mod bulk; // rows of edits as one change
mod cli;
mod cli_runs;
mod define; // jobs as records, their forms, and the way from a row to an edit
mod export; // inventories out, and back in
mod grants;
mod inside;
mod rows; // files of rows in, results and inventories out
mod runs; // from an order to its end
mod undo; // what undoes rows
