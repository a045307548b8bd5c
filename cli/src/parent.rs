//! A child that ends when its parent does, however the parent ends.

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, getppid};

/// Makes the system kill this process when process `parent`, its parent, ends. To be called on the main thread, before
/// anything is begun. Only Linux can do it; elsewhere a killed supervisor leaves its children behind.
///
/// # Errors
/// When the parent is gone already, or the system refuses.
pub fn end_with_parent(parent: u32) -> anyhow::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .context("cannot ask the system to end this process with its parent")?;
    // It may have ended before the system was asked.
    let expected = i32::try_from(parent).ok().and_then(Pid::from_raw);
    if expected.is_none() || getppid() != expected {
        bail!("the process {parent} that started this one is gone");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_parent_than_the_real_one_is_refused() {
        let error = end_with_parent(std::process::id()).expect_err("nobody is its own parent");
        assert!(
            error.to_string().ends_with("that started this one is gone"),
            "{error}"
        );
    }
}
