use super::*;
use crate::template::{Charset, Escape};

fn syntax(pattern: &str) -> Syntax {
    Syntax { pattern: pattern.parse().unwrap(), ..Syntax::default() }
}

fn mac() -> Mac {
    "000b8240d55c".parse().unwrap()
}

fn binary(text: &str) -> Result<Vec<u8>, Unfit> {
    Finish { encoding: Encoding::Grandstream, ..Finish::default() }.file(
        text.as_bytes().to_vec(),
        Some(mac()),
        None,
    )
}

/// Reads a binary file as a phone does, from the format's description and not from the encoder.
fn decode(file: &[u8]) -> ([u8; 6], Vec<(String, String)>) {
    assert!(file.len() > 16 && file.len().is_multiple_of(2), "whole words");
    let word = |at: usize| u32::from(file[at]) << 8 | u32::from(file[at + 1]);
    assert_eq!(word(0), 0);
    assert_eq!(word(2) as usize * 2, file.len(), "the header's length is that of the file");
    let sum: u32 = (0..file.len()).step_by(2).map(word).sum();
    assert_eq!(sum % 0x1_0000, 0, "the words sum up to nothing");
    assert_eq!(&file[12..16], b"\r\n\r\n");
    let body = file[16..].strip_suffix(&[0]).unwrap_or(&file[16..]);
    let body = std::str::from_utf8(body).unwrap();
    assert!(body.bytes().all(|byte| byte.is_ascii_graphic()), "{body}");
    let mut fields: Vec<(String, String)> = body
        .split('&')
        .map(|field| {
            let (name, value) = field.split_once('=').unwrap();
            (name.to_owned(), unescape(value))
        })
        .collect();
    assert_eq!(fields.pop(), Some(("gnkey".to_owned(), "0b82".to_owned())));
    (file[6..12].try_into().unwrap(), fields)
}

fn unescape(value: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_binary_file_holds_address_and_parameters() {
    let file =
        binary("P271=1\n\n# A comment\nP270=Zoë & Söhne = 100% @home; a+b/c,d?\nP34=\n P2 = x \n").unwrap();
    let (address, fields) = decode(&file);
    assert_eq!(address, mac().octets());
    let expected =
        [("P271", "1"), ("P270", "Zoë & Söhne = 100% @home; a+b/c,d?"), ("P34", ""), ("P2", " x ")];
    assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn a_binary_file_is_the_one_of_the_description() {
    // Sixteen words, header and all; the sum was taken by other means.
    let file = binary("P2=a\n").unwrap();
    assert_eq!(&file[16..], b"P2=a&gnkey=0b82\0");
    assert_eq!(file[..4], [0, 0, 0, 16]);
    assert_eq!(file[4..6], [0x34, 0xef]);
    assert_eq!(file[6..16], *b"\x00\x0b\x82\x40\xd5\x5c\r\n\r\n");
}

#[test]
fn every_length_is_made_of_whole_words() {
    for length in 0..40 {
        let value = "v".repeat(length);
        let (_, fields) = decode(&binary(&format!("P1={value}\r\nP2=2")).unwrap());
        assert_eq!(fields[0].1, value);
    }
}

#[test]
fn what_is_no_parameter_is_refused_by_its_line() {
    assert_eq!(binary("P1=1\nsecret"), Err(Unfit::Line(2)));
    assert_eq!(binary("=1"), Err(Unfit::Line(1)));
    assert_eq!(binary("P1&P2=1"), Err(Unfit::Line(1)));
    let whole = Finish { encoding: Encoding::Grandstream, ..Finish::default() };
    assert_eq!(whole.file(Vec::new(), None, None), Err(Unfit::NoMac));
    let large = format!("P1={}", "v".repeat(200_000));
    assert!(matches!(binary(&large), Err(Unfit::Size { most: 131_070, .. })));
}

#[test]
fn a_line_that_is_too_long_is_told_by_its_parameter() {
    let finish = Finish { line_max: Some(12), ..Finish::default() };
    let long =
        |text: &str, syntax: &Syntax| finish.text(text.into(), syntax).map_err(|unfit| unfit.to_string());
    let quoted = syntax("{name}=\"{value}\"");
    assert_eq!(long("A=\"1234567\"\nB=\"\"", &quoted), Ok(b"A=\"1234567\"\nB=\"\"".to_vec()));
    let expected = "writes 13 bytes into the line of `A`, and the phone takes 12";
    assert_eq!(long("A=\"1234567\"\r\nB=\"\"", &quoted), Err(expected.to_owned()));
    let xml = Syntax { escape: Escape::Xml, ..syntax("<{name}>{value}</{name}>") };
    let told = long("<a/>\n  <P34>secret</P34>\n", &xml).unwrap_err();
    assert!(told.contains("`P34`") && !told.contains("secret"), "{told}");
    let told = long("# secret secret\n", &syntax("{name} = {value}")).unwrap_err();
    assert!(told.contains("line 1 of the file") && !told.contains("secret"), "{told}");
    let indexed = Syntax {
        indexed: Some("{name}!{index}: {value}".parse().unwrap()),
        charset: Charset::Latin1,
        ..syntax("{name}: {value}")
    };
    assert!(long("user_name!1: secret", &indexed).unwrap_err().contains("`user_name`"));
    assert!(long("user_name: secret", &indexed).unwrap_err().contains("`user_name`"));
    assert!(finish.text(b"\xe4\xe4: secretsecret".to_vec(), &indexed).is_err());
}

#[test]
fn a_file_that_is_too_large_is_refused_and_never_cut() {
    let finish = Finish { size_max: Some(4), ..Finish::default() };
    assert_eq!(finish.file(b"1234".to_vec(), None, None), Ok(b"1234".to_vec()));
    assert_eq!(finish.file(b"12345".to_vec(), None, None), Err(Unfit::Size { bytes: 5, most: 4 }));
}

#[test]
fn a_file_ends_as_its_phone_wants() {
    let finish = Finish { end: Some("\r\n\r\n".into()), ..Finish::default() };
    let ended =
        |text: &str| String::from_utf8(finish.text(text.into(), &Syntax::default()).unwrap()).unwrap();
    for text in ["a=1\r\nb= ", "a=1\r\nb= \r\n", "a=1\r\nb= \n\n\n", "a=1\r\nb= \r\n\r\n"] {
        assert_eq!(ended(text), "a=1\r\nb= \r\n\r\n");
    }
    assert_eq!(ended(""), "\r\n\r\n");
    assert_eq!(ended("\n\n"), "\r\n\r\n");
}
