//! Files that fuzzing starts from and has found: each is read or refused, and none brings the reader down.

use calotype_dng::{Limits, read, read_info};

#[test]
fn seeds_are_read_or_refused() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/dng");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the seeds") {
        let bytes = std::fs::read(entry.expect("an entry").path()).expect("a file");
        let known = read_info(&bytes, &Limits::default()).is_ok();
        assert!(known || read(&bytes, &Limits::default()).is_err());
        let _ = read(&bytes, &Limits::default());
        count += 1;
    }
    assert!(count > 3, "{count} seeds");
}
