//! zlib streams.

use flate2::{Decompress, FlushDecompress, Status};

/// Inflates into `out`, never beyond its end; the number of bytes written is the answer.
pub(super) fn inflate(state: &mut Decompress, data: &[u8], out: &mut [u8]) -> Result<usize, String> {
    state.reset(true);
    loop {
        let (read, written) = (state.total_in() as usize, state.total_out() as usize);
        let status = state
            .decompress(&data[read..], &mut out[written..], FlushDecompress::Finish)
            .map_err(|e| format!("the zlib stream is damaged at byte {read}: {e}"))?;
        let now = state.total_out() as usize;
        let stuck = now == written && state.total_in() as usize == read;
        if status == Status::StreamEnd || now == out.len() || stuck {
            return Ok(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_bomb_fills_the_buffer_and_no_more() {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![7; 1 << 20]).unwrap();
        let data = encoder.finish().unwrap();
        let mut state = Decompress::new(true);
        let mut out = [0; 1000];
        assert_eq!(inflate(&mut state, &data, &mut out), Ok(1000));
        assert_eq!(out, [7; 1000]);
        assert!(inflate(&mut state, &data[..20], &mut vec![0; 1 << 20]).is_ok_and(|n| n < 1 << 20));
        assert!(inflate(&mut state, b"no zlib stream", &mut out).is_err());
    }
}
