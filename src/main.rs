//! The `layerprobe` program: parse, dispatch, print the error chain, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    layerprobe::cli::main()
}
