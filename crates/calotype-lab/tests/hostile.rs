//! Files that are cut, damaged or lie about their size are refused, never followed.

use calotype_lab::{LabError, Limits, read};
use std::path::Path;

fn refused(folder: &Path, name: &str, bytes: &[u8]) -> LabError {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    read(&path, None, &Limits::default()).expect_err(name)
}

fn npy(header: &str, data: &[u8]) -> Vec<u8> {
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(data);
    file
}

#[test]
fn nonsense_is_refused_by_every_reader() {
    let folder = tempfile::tempdir().unwrap();
    let heads: [(&str, &[u8]); 8] = [
        ("a.exr", &[0x76, 0x2F, 0x31, 0x01, 2, 0, 0, 0]),
        ("a.png", &[0x89, b'P', b'N', b'G', 13, 10, 26, 10]),
        ("a.jpg", &[0xFF, 0xD8, 0xFF, 0xE0]),
        ("a.tif", &[b'I', b'I', b'*', 0, 8, 0, 0, 0]),
        ("b.tif", &[b'M', b'M', 0, b'*', 0, 0, 0, 8]),
        ("a.npy", b"\x93NUMPY\x01\x00"),
        ("a.txt", b"plain"),
        ("none", b""),
    ];
    for (name, head) in heads {
        refused(folder.path(), name, head);
        for seed in 0..40u32 {
            let noise = (0..200u32).map(|i| (i.wrapping_mul(2_654_435_761).wrapping_add(seed * 97) >> 13) as u8);
            let bytes: Vec<u8> = head.iter().copied().chain(noise).collect();
            let error = refused(folder.path(), name, &bytes);
            assert!(error.to_string().contains(name), "{error}");
        }
    }
    let missing = read(&folder.path().join("no.exr"), None, &Limits::default());
    assert!(matches!(missing, Err(LabError::Read { .. })));
}

#[test]
fn sizes_are_checked_before_memory_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let header = |shape: &str| format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
    for shape in ["(1000000000, 1000000000, 3)", "(16000000, 16000000)", "(20, 20, 3)", "(0, 5)", "(5,)", "()"] {
        refused(folder.path(), "a.npy", &npy(&header(shape), &[0; 64]));
    }
    refused(folder.path(), "a.npy", &npy("{'descr': '>f4', 'fortran_order': False, 'shape': (1, 1), }", &[0; 4]));
    refused(folder.path(), "a.npy", &npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }", &[0; 4]));
    // a PNG that claims 2^31 pixels a side
    let mut png = vec![0x89, b'P', b'N', b'G', 13, 10, 26, 10, 0, 0, 0, 13];
    png.extend(b"IHDR");
    png.extend([0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 8, 2, 0, 0, 0, 0, 0, 0, 0]);
    refused(folder.path(), "a.png", &png);
    let mut limits = Limits::default();
    limits.max_pixels = 3;
    let path = folder.path().join("b.npy");
    std::fs::write(&path, npy(&header("(2, 2)"), &[0; 16])).unwrap();
    assert!(matches!(read(&path, None, &limits), Err(LabError::TooLarge { value: 4, .. })));
    limits.max_bytes = 10;
    assert!(matches!(read(&path, None, &limits), Err(LabError::TooLarge { .. })));
}

#[test]
fn samples_that_are_no_numbers_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut data = [0u8; 16];
    data[8..12].copy_from_slice(&f32::NAN.to_le_bytes());
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }\n";
    let error = refused(folder.path(), "nan.npy", &npy(header, &data));
    assert!(matches!(error, LabError::NotFinite { x: 0, y: 1, .. }), "{error}");
}
