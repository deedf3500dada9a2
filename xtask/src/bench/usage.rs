//! What a process costs, read from outside: processor time and memory from `/proc`, disk from the files themselves.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

/// Linux counts processor time in hundredths of a second on every architecture.
const TICK: Duration = Duration::from_millis(10);
/// Fields of `/proc/PID/stat` after the name: user time is the 12th, system time the 13th.
const USER_TIME: usize = 11;

/// Processor time of a process so far, user and system.
///
/// # Errors
/// The process has ended.
pub(super) fn processor(process: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let ticks = ticks(&stat).context("/proc/PID/stat is not as proc(5) says")?;
    Ok(TICK * ticks)
}

/// The name may hold spaces and parentheses.
fn ticks(stat: &str) -> Option<u32> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(USER_TIME);
    let user: u32 = fields.next()?.parse().ok()?;
    Some(user + fields.next()?.parse::<u32>().ok()?)
}

/// Resident memory of a process now and at its peak, in MiB.
///
/// # Errors
/// The process has ended.
pub(super) fn resident(process: u32) -> Result<(f64, f64)> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    Ok((mebibytes(&status, "VmRSS:")?, mebibytes(&status, "VmHWM:")?))
}

fn mebibytes(status: &str, field: &str) -> Result<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field))
        .with_context(|| format!("no {field}"))?;
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes / 1024.0)
}

/// Bytes of all files in a folder, without folders in it.
///
/// # Errors
/// It cannot be read.
pub(super) fn bytes(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?.metadata()?;
        sum += if entry.is_file() { entry.len() } else { 0 };
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_mebibytes() {
        let status = "VmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\n";
        assert_eq!(mebibytes(status, "VmRSS:").unwrap(), 10.0);
        assert!(mebibytes("", "VmRSS:").is_err());
    }

    #[test]
    fn processor_time_is_user_and_system_whatever_the_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 8 0 5 6 7";
        assert_eq!(ticks(stat), Some(300));
        assert!(processor(std::process::id()).is_ok());
    }
}
