//! The `wayleave` program.

use std::process::ExitCode;

/// A call makes many small allocations and frees them on other threads: what mimalloc is made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    wayleave_cli::main()
}
