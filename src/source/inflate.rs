//! Unpacks gzip bodies, never further than the source allows.

use std::borrow::Cow;
use std::io::Read;

use flate2::bufread::MultiGzDecoder;

use super::batch::Request;
use super::rejection::Rejection;

/// The first bytes of every gzip member.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The body, unpacked where it is gzip: by its header or by its first bytes.
///
/// A body that claims to be gzip and is not is taken as it is, since proxies unpack bodies and leave the
/// header behind.
pub(super) fn unpack<'a>(request: &Request<'a>, limit: usize) -> Result<Cow<'a, [u8]>, Rejection> {
    for encoding in request.values("content-encoding") {
        let encoding = String::from_utf8_lossy(encoding);
        let known = ["gzip", "application/gzip", "x-gzip", "application/x-gzip", "identity", ""];
        if !known.iter().any(|known| encoding.trim().eq_ignore_ascii_case(known)) {
            return Err(Rejection::UnsupportedEncoding(encoding.chars().take(40).collect()));
        }
    }
    if !request.body.starts_with(&MAGIC) {
        if request.body.len() > limit {
            return Err(Rejection::InflatesTooLarge { limit });
        }
        return Ok(Cow::Borrowed(request.body));
    }
    let mut unpacked = Vec::with_capacity(request.body.len().saturating_mul(4).min(limit));
    // One byte more than allowed tells "exactly at the limit" from "beyond it"; nothing past it is unpacked.
    let allowed = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(request.body)
        .take(allowed)
        .read_to_end(&mut unpacked)
        .map_err(|_| Rejection::DamagedCompression)?;
    if unpacked.len() > limit {
        return Err(Rejection::InflatesTooLarge { limit });
    }
    Ok(Cow::Owned(unpacked))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::unpack;
    use crate::source::{Rejection, Request};

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    }

    fn check(encoding: &str, body: &[u8], limit: usize) -> Result<Vec<u8>, Rejection> {
        let headers: [(&str, &[u8]); 1] = [("Content-Encoding", encoding.as_bytes())];
        let headers = if encoding.is_empty() { &headers[..0] } else { &headers[..] };
        unpack(&Request { headers, token: None, body, received_at_milliseconds: 0 }, limit).map(Into::into)
    }

    #[test]
    fn every_spelling_of_gzip_is_unpacked_and_also_none_at_all() {
        let body = packed(b"hello");
        for encoding in ["gzip", "application/gzip", "X-GZIP", "application/x-gzip", "identity", ""] {
            assert_eq!(check(encoding, &body, 100), Ok(b"hello".to_vec()), "{encoding}");
        }
        assert!(matches!(check("br", &body, 100), Err(Rejection::UnsupportedEncoding(_))));
    }

    #[test]
    fn a_body_that_a_proxy_unpacked_is_taken_as_it_is() {
        assert_eq!(check("gzip", b"{}", 100), Ok(b"{}".to_vec()));
    }

    #[test]
    fn several_members_are_one_body() {
        let body = [packed(b"one\n"), packed(b"two\n")].concat();
        assert_eq!(check("gzip", &body, 100), Ok(b"one\ntwo\n".to_vec()));
    }

    #[test]
    fn the_limit_is_exact_and_a_bomb_stops_at_it() {
        let body = packed(&vec![b'a'; 1000]);
        assert_eq!(check("gzip", &body, 1000).map(|bytes| bytes.len()), Ok(1000));
        assert_eq!(check("gzip", &body, 999), Err(Rejection::InflatesTooLarge { limit: 999 }));
        let bomb = packed(&vec![0; 8_000_000]);
        assert!(bomb.len() < 200_000, "the bomb is {} bytes", bomb.len());
        let request = Request { headers: &[], token: None, body: &bomb, received_at_milliseconds: 0 };
        assert_eq!(unpack(&request, 1 << 16), Err(Rejection::InflatesTooLarge { limit: 1 << 16 }));
    }

    #[test]
    fn damaged_data_is_refused() {
        let body = packed(b"hello hello hello");
        assert_eq!(check("gzip", &body[..body.len() - 5], 100), Err(Rejection::DamagedCompression));
        assert_eq!(check("", &[0x1f, 0x8b], 100), Err(Rejection::DamagedCompression));
        let mut wrong_sum = body;
        let at = wrong_sum.len() - 6;
        wrong_sum[at] ^= 1;
        assert_eq!(check("gzip", &wrong_sum, 100), Err(Rejection::DamagedCompression));
    }
}
