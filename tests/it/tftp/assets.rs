//! Files that are the same for everybody, over TFTP: read in windows, and only below their folder.

use std::fs;
use std::os::unix::fs::symlink;

use super::caps::resident;
use super::client::{Client, ack, name, read, request};
use super::{counted, each_family, ended, file, site};
use crate::support::Running;

const NOT_FOUND: &str = "error 1 not found";

/// Bytes that tell where they stand.
fn bytes(length: usize) -> Vec<u8> {
    let round: Vec<u8> =
        (0..251 * 257_usize).map(|at| u8::try_from((at / 251 + at) % 251).unwrap()).collect();
    let mut bytes = round.repeat(length / round.len() + 1);
    bytes.truncate(length);
    bytes
}

fn put(server: &Running, path: &str, bytes: &[u8]) {
    let path = server.site.path(&format!("assets/{path}"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn requests(outcome: &str) -> String {
    format!("bellhop_asset_requests_total{{transport=\"tftp\",outcome={outcome:?}}}")
}

#[test]
fn boot_loaders_find_firmware_by_its_bare_name() {
    each_family("", |server| {
        put(server, "P0S3-8-12-00.loads", &bytes(4000));
        put(server, "sounds/ring.wav", &bytes(1024));
        put(server, "empty", b"");
        put(server, "list.txt", b"one\ntwo\n");
        let mut client = Client::new(server.tftp);
        for (name, expected) in [
            ("P0S3-8-12-00.loads", bytes(4000)),
            ("/P0S3-8-12-00.loads", bytes(4000)),
            ("assets/P0S3-8-12-00.loads", bytes(4000)),
            ("/assets/sounds/ring.wav", bytes(1024)),
            ("sounds/ring.wav", bytes(1024)),
            ("empty", Vec::new()),
        ] {
            for options in [&[][..], &[("blksize", "1428"), ("windowsize", "8"), ("tsize", "0")]] {
                assert!(client.get(name, "octet", options).as_ref() == Ok(&expected), "{name} {options:?}");
            }
        }
        assert_eq!(client.get("list.txt", "netascii", &[]), Ok(b"one\r\ntwo\r\n".to_vec()));
        let asked = request(1, "sounds/ring.wav", "octet", &[("tsize", "0")]);
        assert_eq!(client.asked(&asked), "oack tsize=1024");
        client.reply(b"\0\x05\0\0\0");
        ended(server, "declined", 1.0);
        counted(server, "bellhop_asset_downloads", 0.0);
        counted(server, &requests("served"), 14.0);
        ended(server, "completed", 13.0);
        let sent = 2 * (3 * 4000 + 2 * 1024) + 8;
        counted(server, "bellhop_asset_bytes_total{transport=\"tftp\"}", f64::from(sent));
    });
}

#[test]
fn a_path_prefix_goes_before_assets_too() {
    let server =
        Running::start(site("listen = [\"127.0.0.1:0\"]\n\n[provisioning]\npath-prefix = \"pro/p\"\n"));
    put(&server, "ring.wav", &bytes(100));
    let mut client = Client::new(server.tftp);
    for name in ["pro/p/assets/ring.wav", "/pro/p/assets/ring.wav", "ring.wav"] {
        assert_eq!(client.get(name, "octet", &[]), Ok(bytes(100)), "{name}");
    }
    assert_eq!(client.get("assets/ring.wav", "octet", &[]), Err(NOT_FOUND.to_owned()));
}

#[test]
fn nothing_leaves_the_folder_and_a_phones_file_goes_first() {
    let server = Running::start(site(""));
    put(&server, ".hidden", b"hidden");
    put(&server, &file("small"), b"everybody's");
    put(&server, "sub/file", b"x");
    server.site.put("outside", "outside");
    symlink("../outside", server.site.path("assets/out")).unwrap();
    symlink(server.site.path("outside"), server.site.path("assets/absolute")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, server.site.path("assets/pipe"), rustix::fs::Mode::RUSR).unwrap();
    let mut client = Client::new(server.tftp);
    for name in [
        "nothing",
        "assets",
        "assets/",
        "assets/nothing",
        "sub",
        "sub/",
        ".hidden",
        "assets/.hidden",
        "../outside",
        "assets/../../outside",
        "assets/..\\outside",
        "out",
        "assets/out",
        "absolute",
        "pipe",
        "",
        "assets//etc/passwd",
        "sub/file/x",
        "%2e%2e/outside",
    ] {
        assert_eq!(client.get(name, "octet", &[]), Err(NOT_FOUND.to_owned()), "{name}");
    }
    assert_eq!(client.get(&file("small"), "octet", &[]), Ok(b"x".to_vec()));
    assert_eq!(client.asked(&request(2, "assets/new", "octet", &[])), "error 2 not allowed");
    assert!(server.metric(&requests("missing")) > 3.0);
}

#[test]
fn a_large_file_comes_bit_for_bit_beyond_block_65535_and_is_never_held_whole() {
    let server = Running::start(site(""));
    let large = bytes((40 << 20) + 77);
    put(&server, "large.bin", &large);
    let mut client = Client::new(server.tftp);
    // Once through all that grows once.
    assert!(
        client.get("large.bin", "octet", &[("blksize", "1428"), ("windowsize", "16")]).as_ref() == Ok(&large)
    );
    let before = resident(server.id());
    // 81,921 blocks.
    assert!(client.get("large.bin", "octet", &[("windowsize", "16")]).as_ref() == Ok(&large));
    let grown = resident(server.id()).saturating_sub(before);
    assert!(grown < 8 << 10, "{grown} KiB");
    ended(&server, "completed", 2.0);
}

#[test]
fn a_transfer_keeps_the_file_that_it_began_with() {
    let server = Running::start(site(""));
    put(&server, "file", &bytes(100_000));
    let mut client = Client::new(server.tftp);
    client.ask(&read("file"));
    let first = client.next();
    put(&server, "next", b"next");
    fs::rename(server.site.path("assets/next"), server.site.path("assets/file")).unwrap();
    assert_eq!(Client::new(server.tftp).get("file", "octet", &[]), Ok(b"next".to_vec()));
    client.reply(&ack(1));
    assert!(client.rest(first[4..].to_vec(), 2, &[]) == Ok(bytes(100_000)));
}

#[test]
fn a_file_that_is_cut_while_it_is_sent_ends_the_transfer() {
    let server = Running::start(site(""));
    put(&server, "file", &bytes(100_000));
    let mut client = Client::new(server.tftp);
    assert_eq!(client.asked(&read("file")), "data 1");
    fs::File::options().write(true).open(server.site.path("assets/file")).unwrap().set_len(1000).unwrap();
    client.reply(&ack(1));
    ended(&server, "failed", 1.0);
    assert!(!client.waiting().contains(&"data 2".to_owned()), "nothing is made up");
}

#[test]
fn downloads_have_a_cap_and_phones_that_wait_ask_again() {
    let server = Running::start(site("listen = [\"127.0.0.1:0\"]\n\n[assets]\ndownloads = 1\n"));
    put(&server, "file", &bytes(2000));
    let mut first = Client::new(server.tftp);
    assert_eq!(first.asked(&read("file")), "data 1");
    let mut second = Client::new(server.tftp);
    second.ask(&read("file"));
    counted(&server, &requests("busy"), 1.0);
    assert!(second.waiting().is_empty(), "an error would end it");
    assert_eq!(server.get("/assets/file").status, 503, "over HTTP it is the same cap");
    assert!(Client::new(server.tftp).get(&file("medium"), "octet", &[]).is_ok(), "configuration goes first");
    first.reply(b"\0\x05\0\0\0");
    ended(&server, "declined", 1.0);
    assert_eq!(second.get("file", "octet", &[]), Ok(bytes(2000)));
}

#[test]
fn lost_blocks_of_a_file_are_read_again() {
    let server = Running::start(site(""));
    put(&server, "file", &bytes(100_000));
    let mut client = Client::new(server.tftp);
    let options = [("windowsize", "16"), ("blksize", "1428")];
    client.ask(&request(1, "file", "octet", &options));
    assert!(client.hear().starts_with("oack"));
    client.reply(&ack(0));
    let mut body = Vec::new();
    // All of the first window was lost but its first block, and of the second all but two.
    for (heard, kept) in [(16_usize, 1_u16), (16, 3)] {
        let packets: Vec<Vec<u8>> = (0..heard).map(|_| client.next()).collect();
        let new = usize::from(kept) - body.len() / 1428;
        body.extend(packets[..new].iter().flat_map(|packet| packet[4..].to_vec()));
        assert_eq!(name(&packets[new - 1]), format!("data {kept}"));
        client.reply(&ack(kept));
    }
    let mut expected = 4;
    while body.len() < 100_000 {
        let packet = client.next();
        if name(&packet) == format!("data {expected}") {
            body.extend_from_slice(&packet[4..]);
            client.reply(&ack(expected));
            expected += 1;
        }
    }
    assert!(body == bytes(100_000));
}
