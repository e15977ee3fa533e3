//! Files that are mounted by themselves, as containers do it: no rename can replace them.

use std::path::Path;

/// Whether `path` itself is a mount point
#[cfg(target_os = "linux")]
pub(super) fn is_mounted(path: &Path) -> bool {
    use std::os::unix::ffi::OsStrExt as _;

    let Ok(path) = path.canonicalize() else {
        return false;
    };
    let table = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
    mount_points(&table).any(|point| point == path.as_os_str().as_bytes())
}

/// Elsewhere single files are not mounted
#[cfg(not(target_os = "linux"))]
pub(super) fn is_mounted(_: &Path) -> bool {
    false
}

/// The fifth field of each line, with `\040` and the like undone
///
/// Source: <https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html>
#[cfg(target_os = "linux")]
fn mount_points(table: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    table.split(|byte| *byte == b'\n').filter_map(|line| {
        let mut rest = line.split(|byte| *byte == b' ').nth(4)?;
        let mut point = Vec::new();
        while let Some((byte, after)) = rest.split_first() {
            let (byte, after) = octal(*byte, after).unwrap_or((*byte, after));
            point.push(byte);
            rest = after;
        }
        Some(point)
    })
}

#[cfg(target_os = "linux")]
fn octal(byte: u8, after: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, after) = after.split_at_checked(3).filter(|_| byte == b'\\')?;
    let byte = u8::from_str_radix(str::from_utf8(digits).ok()?, 8).ok()?;
    Some((byte, after))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::path::Path;

    use super::{is_mounted, mount_points};

    #[test]
    fn mount_points_are_read_with_their_escapes() {
        let table = b"22 28 0:21 / /sys rw,nosuid - sysfs sysfs rw\n\
            40 28 8:1 /a /home/ci/my\\040config\\134x rw - ext4 /dev/sda1 rw\nshort\n";

        let points: Vec<_> = mount_points(table).collect();

        assert_eq!(points, [&b"/sys"[..], b"/home/ci/my config\\x"]);
    }

    #[test]
    fn only_the_mount_point_itself_counts() {
        assert!(is_mounted(Path::new("/proc")));
        assert!(!is_mounted(Path::new("/proc/self/mountinfo")));
        assert!(!is_mounted(Path::new("/not there")));
    }
}
