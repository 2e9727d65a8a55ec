//! Who may do what: the vectors of the rules, every cell of their tables, and what no sequence of steps can bring.

mod adding;
mod fleet;
mod golden;
mod jobs;
mod managing;
mod operations;
mod sequences;
mod tables;
mod vectors;
