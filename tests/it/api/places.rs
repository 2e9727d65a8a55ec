//! Where operators connect: Unix sockets and TLS.

use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::support::{Reply, Running, Site, TlsPhone, command, request};

fn over_socket(path: &Path, head: &str) -> Reply {
    let mut stream = UnixStream::connect(path).unwrap();
    stream.write_all(request(head, "").as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    Reply::parse(&bytes)
}

fn works(server: &Running, arguments: &[&str]) -> String {
    let output = server.command(arguments);
    let (out, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{arguments:?}: {out}{error}");
    out
}

#[test]
fn operators_connect_to_a_unix_socket_that_its_group_may_open() {
    let site = Site::with_phone().config("[admin]\nlisten = [\"unix:admin.sock\"]\n");
    let server = Running::start(site);
    let path = server.site.path("admin.sock");
    let metadata = std::fs::metadata(&path).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o660);
    assert_eq!(over_socket(&path, "GET /healthz").status, 200);
    assert_eq!(over_socket(&path, "GET /api/v1/status").status, 401, "a file's permissions are no login");
    assert_eq!(over_socket(&path, &format!("GET /api/v1/status\n{}", server.operator())).status, 200);
    assert!(works(&server, &["reload"]).starts_with("unchanged"), "the key tells the command line where");
    server.stop();
    assert!(!path.exists(), "a socket that nobody listens on is taken away");
}

#[test]
fn a_socket_left_behind_is_replaced_and_one_in_use_is_not() {
    let settings = "[admin]\nlisten = [\"unix:admin.sock\"]\n";
    let server = Running::start(Site::with_phone().config(settings));
    let second = Site::with_phone();
    let path = server.site.path("admin.sock");
    let second = second.config(&format!("[admin]\nlisten = [\"unix:{}\"]\n", path.display()));
    let output = command(&second, &[], "");
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && error.contains("cannot listen on unix:"), "{error}");
    server.signal(rustix::process::Signal::KILL);
    let site = server.into_site();
    assert!(path.exists(), "killed, it leaves its socket");
    let server = Running::start(site);
    assert_eq!(over_socket(&path, "GET /healthz").status, 200);
    server.stop();
}

#[test]
fn operators_connect_over_tls_with_the_certificates_of_https() {
    let site = Site::with_phone().config("[admin]\nlisten = [\"127.0.0.1:0\"]\ntls = true\n");
    let server = Running::start(site);
    let reply = TlsPhone::default().get(server.admin, "/healthz");
    assert_eq!((reply.status, reply.body.as_slice()), (200, b"ok\n".as_slice()));
    assert_eq!(TlsPhone::default().get(server.admin, "/api/v1/status").status, 401);
    let plain = server.admin("/healthz");
    assert_eq!(plain.status, 400, "plain HTTP is told to speak TLS");
    assert!(works(&server, &["reload"]).starts_with("unchanged"), "the key tells the command line how");
    server.stop();
}

#[test]
fn an_address_that_others_reach_needs_tls_or_a_word_that_none_is_wanted() {
    let refused = |settings: &str| {
        let output = command(&Site::with_phone().config(settings), &["check"], "");
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap(),
        )
    };
    let (code, text) = refused("[admin]\nlisten = [\"0.0.0.0:0\"]\n");
    assert_eq!(code, Some(78), "{text}");
    for words in ["`listen` can be reached from other machines", "`tls = true`", "`allow-plain = true`"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    for settings in [
        "[admin]\nlisten = [\"0.0.0.0:0\"]\ntls = true\n",
        "[admin]\nlisten = [\"0.0.0.0:0\"]\nallow-plain = true\n",
        "[admin]\nlisten = [\"[::1]:0\"]\n",
        "[admin]\nlisten = []\n",
    ] {
        let (code, text) = refused(settings);
        assert_eq!(code, Some(0), "{settings}: {text}");
    }
    let (code, text) = refused("[admin]\nlisten = [\"unix:a.sock\"]\ntls = true\n");
    assert_eq!(code, Some(78), "{text}");
}
