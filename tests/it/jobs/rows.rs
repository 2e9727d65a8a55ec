//! Rows out of files: what people and spreadsheets write, what other systems export, and what is made to do harm.

use std::fmt::Write;
use std::time::{Duration, Instant};

use bellhop::jobs::{Cell, Format, RowFault, Rows, mappings, read_rows};
use bellhop::model::{FieldSource, Job, JobField, JobKind, JobOperation};
use proptest::prelude::*;

/// A bulk job that takes these fields.
pub(super) fn job(operation: JobOperation, fields: &[&str]) -> Job {
    let field = |name: &&str| JobField {
        name: (*name).into(),
        from: FieldSource::Asked,
        label: Box::default(),
        help: Box::default(),
        required: false,
        choices: Box::default(),
        minimum: None,
        maximum: None,
        pattern: None,
    };
    Job {
        id: "bulk".into(),
        name: "Bulk".into(),
        notes: "".into(),
        platform: "sp".into(),
        kind: JobKind::Bulk,
        operation,
        version: 1,
        fields: fields.iter().map(field).collect(),
        mapping: None,
        columns: Box::default(),
        rows: None,
        batch: None,
        stop_on_error: true,
        approval: false,
        start_at: None,
        time_zone: None,
    }
}

fn edit() -> Job {
    job(
        JobOperation::DeviceEdit,
        &[
            "name",
            "notes",
            "line-1",
            "line-2",
            "admin-password",
            "settings.vlan",
            "settings.codecs",
            "raw.A.b",
        ],
    )
}

fn read(job: &Job, text: impl AsRef<[u8]>) -> Result<Rows, Vec<RowFault>> {
    read_rows(job, text.as_ref(), None)
}

/// Writes rows down: `2: mac=x line-1=100 notes!`, where `!` is cleared.
fn told(rows: &Rows) -> Vec<String> {
    let cell = |(field, cell): (&String, &Cell)| match cell {
        Cell::Clear => format!(" {field}!"),
        Cell::Leave => panic!("a cell that says nothing is not there"),
        Cell::Value(text) => format!(" {field}={text}"),
    };
    let row = |row: &bellhop::jobs::Row| {
        format!("{}:{}", row.number, row.cells.iter().map(cell).collect::<String>())
    };
    rows.rows.iter().map(row).collect()
}

fn rows(job: &Job, text: impl AsRef<[u8]>) -> Vec<String> {
    match read(job, text) {
        Ok(rows) => told(&rows),
        Err(faults) => panic!("faults:\n{}", lines(&faults).join("\n")),
    }
}

fn lines(faults: &[RowFault]) -> Vec<String> {
    faults.iter().map(ToString::to_string).collect()
}

fn faults(job: &Job, text: impl AsRef<[u8]>) -> Vec<String> {
    lines(&read(job, text).expect_err("the file has faults"))
}

#[test]
fn a_table_is_read_whatever_stands_between_its_cells_and_ends_its_lines() {
    let expected = ["2: device=desk line-1=100 notes=a, b; c", "3: device=hall notes!"];
    for delimiter in [",", ";", "\t"] {
        for end in ["\n", "\r\n", "\r"] {
            for mark in ["", "\u{feff}"] {
                for last in ["", end] {
                    let text = format!(
                        "{mark}Line 1{delimiter}\"NOTES\"{delimiter}device{end}100{delimiter}\"a, b; c\"{delimiter}desk\
                         {end}{delimiter}clear{delimiter}hall{last}"
                    );
                    assert_eq!(rows(&edit(), &text), expected, "{text:?}");
                }
            }
        }
    }
}

#[test]
fn one_column_quoted_headers_and_a_line_that_names_the_separator_are_understood() {
    let delete = job(JobOperation::DeviceDelete, &[]);
    assert_eq!(rows(&delete, "MAC\n00:08:5D:1A:E9:8C\n"), ["2: mac=00:08:5D:1A:E9:8C"]);
    assert_eq!(rows(&edit(), "\"device\";\"raw.A.b\"\n\"x\";\"1,2,3\"\n"), ["2: device=x raw.A.b=1,2,3"]);
    assert_eq!(rows(&edit(), "sep=;\r\ndevice;notes\r\nx;y\r\n"), ["3: device=x notes=y"]);
    // Blank lines, and lines of nothing but separators, as spreadsheets leave them.
    assert_eq!(rows(&edit(), "\n\ndevice,notes\n\n,\nx,y\n,\n"), ["6: device=x notes=y"]);
    // Separators at the ends of lines.
    assert_eq!(rows(&edit(), "device,notes,\nx,y,\n"), ["2: device=x notes=y"]);
}

#[test]
fn a_blank_cell_and_the_mask_leave_the_word_clears_and_an_apostrophe_makes_text() {
    let text = "device,notes,name,admin-password\na,,clear,********\nb,'clear,'=1+1,''x\nc,\"' \",CLEAR,  \n";
    assert_eq!(
        rows(&edit(), text),
        [
            "2: device=a name!",
            "3: admin-password='x device=b name==1+1 notes=clear",
            "4: device=c name! notes= "
        ]
    );
}

#[test]
fn blanks_around_a_cell_go_unless_they_stand_in_quotes() {
    assert_eq!(rows(&edit(), "device , notes\n x ,\" y \"\n"), ["2: device=x notes= y "]);
}

#[test]
fn lines_of_json_clear_with_null_and_leave_what_is_missing() {
    let text = r#"{"device": "a", "notes": null, "settings": {"vlan": 5, "codecs": ["g722", "pcma"]}}

{"device": "b", "lines": ["100", ""], "notes": "clear", "admin-password": "********", "name": ""}
{"device": "c", "raw": {"A.b": true}}
"#;
    assert_eq!(
        rows(&edit(), text),
        [
            "1: device=a notes! settings.codecs=g722|pcma settings.vlan=5",
            "3: device=b line-1=100 line-2! notes=clear",
            "4: device=c raw.A.b=true",
        ]
    );
}

#[test]
fn faults_of_json_name_the_line_and_the_key_and_hold_no_value() {
    let text = "{\"device\": \"a\", \"device\": \"b\"}\n[1]\n\"CANARY\"\n{\"device\": \"c\", \"nots\": \"CANARY\"}\n\
                {\"device\": \"d\", \"notes\": {\"x\": \"CANARY\"}}\n{\"device\": \"e\n{\"device\": \"CANARY\" 1}\n\
                {\"device\": \"f\", \"notes\": \"\\u0000\"}\n{\"device\": \"g\", \"Notes\": \"1\", \"notes\": \"2\"}\n";
    let told = faults(&edit(), text);
    assert_eq!(told.len(), 9, "{told:#?}");
    assert!(!told.join("\n").contains("CANARY"), "{told:#?}");
    for (line, word) in [
        ("line 1", "twice"),
        ("line 2", "list"),
        ("line 3", "no object"),
        ("line 4: column `nots`", "did you mean `notes`"),
        ("line 5", "no field"),
        ("line 6", "whole object"),
        ("line 7", "no JSON at character"),
        ("line 8: column `notes`", "U+0000"),
        ("line 9: column `notes`", "same field"),
    ] {
        assert!(
            told.iter().any(|told| told.starts_with(line) && told.contains(word)),
            "{line} {word}: {told:#?}"
        );
    }
}

#[test]
fn foreign_headers_are_read_by_the_words_of_the_job_in_any_case() {
    let mut job = edit();
    job.columns = Box::new([
        ("Gerät".into(), "device".into()),
        ("Bemerkung".into(), "notes".into()),
        ("x".into(), "".into()),
    ]);
    assert_eq!(rows(&job, "BEMERKUNG;gerät;X\ny;z;left out\n"), ["2: device=z notes=y"]);
    job.columns = Box::new([("A".into(), "nots".into())]);
    let told = faults(&job, "device,a\nx,y\n");
    assert!(told[0].contains("column `a`") && told[0].contains("did you mean `notes`"), "{told:?}");
}

#[test]
fn a_column_that_nobody_knows_is_told_once_with_the_nearest_field_and_the_cure() {
    let told = faults(&edit(), "device,nots,frobnicate,status,vendor\na,1,2,3,4\nb,1,2,3,4\n");
    assert_eq!(
        told,
        [
            "line 1: column `nots`: is no field of device.edit; did you mean `notes`? To leave the column out, map it to \"\"",
            "line 1: column `frobnicate`: is no field of device.edit; name a field in the job's `columns` for it, or map it \
             to \"\" to leave it out",
            "line 1: column `status`: the job does not take `status`; leave the column out, or map it to \"\"",
            "line 1: column `vendor`: the job does not take `vendor`; leave the column out, or map it to \"\"",
        ]
    );
    // What a row says of a field that the job fixes is compared with that, row by row.
    let mut fixed = edit();
    fixed.fields[0].from = FieldSource::Fixed("b".into());
    assert_eq!(rows(&fixed, "device,name\na,b\n"), ["2: device=a name=b"]);
}

#[test]
fn a_file_without_a_header_is_told_so_and_nothing_of_its_first_row() {
    let told = faults(&edit(), "0015654aa937,100,CANARY\n0015654aa938,101,CANARY\n");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("line 1: is no header") && !told[0].contains("CANARY"), "{told:?}");
}

#[test]
fn two_columns_for_one_field_are_refused_also_where_a_mapping_makes_them_so() {
    let told = faults(&edit(), "device,notes,Notes\na,b,c\n");
    assert_eq!(
        told,
        [
            "line 1: column `Notes`: is for `notes`, as column `notes` is; leave one of them out (map it to \"\")"
        ]
    );
    let mut job = edit();
    job.columns = Box::new([("remark".into(), "notes".into())]);
    assert!(
        faults(&job, "device,remark,notes\na,b,c\n")[0].contains("is for `notes`, as column `remark` is")
    );
}

#[test]
fn a_formula_is_refused_with_its_cure_and_a_number_with_a_sign_is_none() {
    for cell in ["=1+1", "@SUM(A1:A9)", "\"\t=1\"", "\"\rx\"", "+cmd|'/C calc'!A0", "-x", "\u{ff1d}1"] {
        let told = faults(&edit(), format!("device,notes\nx,{cell}\n"));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].starts_with("line 2: column `notes`: begins with") && told[0].contains("apostrophe"),
            "{told:?}"
        );
    }
    assert_eq!(
        rows(&edit(), "device,notes,line-1\nx,-5,+49 (89) 123\n"),
        ["2: device=x line-1=+49 (89) 123 notes=-5"]
    );
}

#[test]
fn control_characters_are_refused_wherever_they_stand() {
    for (bad, name) in
        [("\0", "U+0000"), ("a\u{7}b", "U+0007"), ("\u{7f}", "U+007F"), ("\u{9b}31m", "U+009B")]
    {
        let told = faults(&edit(), format!("device,notes\nx,{bad}\n"));
        assert!(
            told[0].starts_with("line 2: column `notes`: holds the control character")
                && told[0].contains(name),
            "{told:?}"
        );
    }
    assert_eq!(
        rows(&edit(), "device,notes\nx,\"a\nb\tc\"\ny,z\n"),
        ["2: device=x notes=a\nb\tc", "4: device=y notes=z"]
    );
}

#[test]
fn ragged_rows_and_quotes_that_do_not_close_are_told_by_their_lines() {
    let told = faults(&edit(), "device,notes\na\nb,c,d\ne,f\n");
    assert!(told[0].starts_with("line 2: has 1 cells where the header has 2"), "{told:?}");
    assert!(told[1].starts_with("line 3: has 3 cells where the header has 2"), "{told:?}");
    assert_eq!(told.len(), 2);
    let told = faults(&edit(), "device,notes\na,\"never closed\nb,c\nd,e\n");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("line 2: cell 2 opens a quote that is never closed"), "{told:?}");
    let told = faults(&edit(), "device,notes\na,\"x\"y\nb, \"c\"\n");
    assert!(told[0].starts_with("line 2: cell 2 goes on after its closing quote"), "{told:?}");
    assert!(told[1].starts_with("line 3: cell 2 has a blank before its opening quote"), "{told:?}");
    // A quote inside a cell without quotes is text.
    assert_eq!(rows(&edit(), "device,notes\na,5\" display\n"), ["2: device=a notes=5\" display"]);
}

#[test]
fn another_encoding_is_named_with_the_cure() {
    let wide: Vec<u8> = "device,notes\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(faults(&edit(), wide)[0].contains("seems to be UTF-16; save it as UTF-8"));
    let told = faults(&edit(), b"device,notes\na,Z\xfcrich\n");
    assert_eq!(
        told,
        ["line 2: the file seems to be Latin-1 or Windows-1252; save it as UTF-8 (in Excel: “CSV UTF-8”)"]
    );
    assert!(faults(&edit(), b"PK\x03\x04workbook")[0].contains("workbook"));
}

#[test]
fn two_rows_for_one_device_are_told_in_every_spelling_of_what_names_it() {
    let text = "mac,notes\n00:08:5D:1A:E9:8C,a\n00-08-5d-1a-e9-8c,b\n00085d1ae98c,c\n00:08:5D:1A:E9:8D,d\n";
    let told = faults(&edit(), text);
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0], "line 3: column `mac`: names what line 2 names already; keep one row for each");
    let told = faults(&edit(), "device,mac,notes\n00085d1ae98c,,x\ndesk,00:08:5D:1A:E9:8C,y\ndesk,,z\n");
    assert!(
        told[0].starts_with("line 3: column `mac`") && told[1].starts_with("line 4: column `device`"),
        "{told:?}"
    );
    // A row may name its device by the address that it has.
    assert_eq!(rows(&edit(), "device,mac\n00085d1ae98c,00:08:5D:1A:E9:8C\n").len(), 1);
    let create = job(JobOperation::DeviceCreate, &["serial", "mac", "name"]);
    assert_eq!(rows(&create, "serial,name\ngenerate,one\ngenerate,two\n").len(), 2);
    let told = faults(&create, "serial,name\nCANARY-x,one\nCANARY-x,two\n");
    assert!(!told[0].contains("CANARY"), "{told:?}");
    let secret = job(JobOperation::LineSetSecret, &["secret"]);
    assert!(faults(&secret, "extension,secret\n100,a\n100,b\n")[0].contains("line 2 names already"));
}

#[test]
fn an_empty_file_and_one_of_a_header_alone_have_no_rows() {
    for text in ["", "\u{feff}", "\n\n", "device,notes\n", "device,notes\n,\n"] {
        assert!(faults(&edit(), text)[0].starts_with("there are no rows"), "{text:?}");
    }
}

#[test]
fn faults_are_told_together_up_to_a_hundred_and_how_many_more() {
    let mut text = String::from("device,notes\n");
    for number in 0..250 {
        writeln!(text, "d{number},=CANARY").unwrap();
    }
    let told = faults(&edit(), &text);
    assert_eq!(told.len(), 101);
    assert_eq!(told[100], "150 more faults are not told; mend these first");
    assert!(!told.join("\n").contains("CANARY"));
}

#[test]
fn a_cell_of_ten_megabytes_is_told_soon_and_the_rest_is_read() {
    let started = Instant::now();
    for (open, close) in [("", ""), ("\"", "\"")] {
        let text = format!("device,notes\na,{open}{}{close}\nb,=x\n", "x".repeat(10 << 20));
        let told = faults(&edit(), &text);
        assert_eq!(
            told[0],
            "line 2: column `notes`: holds more than the 65536 bytes that a cell may have; shorten it"
        );
        assert!(told[1].starts_with("line 3"), "{told:?}");
    }
    // Not optimized, on a busy machine.
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    let exact = format!("device,notes\na,{}\n", "x".repeat(64 << 10));
    assert_eq!(read(&edit(), exact).unwrap().rows.len(), 1);
}

#[test]
fn a_file_that_is_too_large_or_has_too_many_columns_is_refused_before_it_is_read() {
    assert!(faults(&edit(), vec![b'x'; (64 << 20) + 1])[0].contains("send at most 67108864"));
    let header = ["device"; 5000].join(",");
    assert!(faults(&edit(), header)[0].contains("has 5000 columns; at most 1000"));
    let told = faults(&edit(), format!("device,notes\na,b{}\n", ",".repeat(1 << 20)));
    assert!(told[0].contains("has 1048578 cells"), "{told:?}");
}

#[test]
fn a_column_without_a_header_is_asked_about_only_where_it_holds_something() {
    let told = faults(&edit(), "device,,notes\na,,b\nc,d,e\n");
    assert_eq!(
        told,
        [
            "line 3: column `number 2`: has no header, and this cell holds something; name the column, or empty it"
        ]
    );
}

#[test]
fn formats_are_known_by_their_media_types() {
    assert_eq!(Format::of_media_type("text/csv; charset=utf-8"), Some(Format::Csv));
    assert_eq!(Format::of_media_type("Application/X-NDJSON"), Some(Format::JsonLines));
    assert_eq!(Format::of_media_type("application/json"), None);
}

fn sample(operation: JobOperation, mapping: &str, file: &str) -> (Vec<String>, Vec<String>) {
    let fields = ["mac", "vendor", "model", "name", "notes", "status", "line-1"];
    let mut job = job(operation, &fields);
    job.mapping = Some(mapping.into());
    let path = format!("{}/tests/it/jobs/samples/{file}", env!("CARGO_MANIFEST_DIR"));
    match read(&job, std::fs::read(path).unwrap()) {
        Ok(rows) => (told(&rows), rows.warnings),
        Err(faults) => panic!("faults:\n{}", lines(&faults).join("\n")),
    }
}

#[test]
fn the_files_of_other_systems_are_read_by_the_shipped_mappings() {
    let create = JobOperation::DeviceCreate;
    let (rows, warnings) = sample(create, "fusionpbx", "fusionpbx.csv");
    assert_eq!(
        rows,
        [
            "2: line-1=100 line-3=101 mac=00:15:65:4a:a9:37 model=t46s name=Reception notes=Front; desk status=enabled \
             vendor=yealink",
            "3: line-1=102 mac=00-08-5d-1a-e9-8c model=51i name=Hall status=disabled vendor=aastra",
        ]
    );
    assert_eq!(
        warnings,
        [
            "leaves out: `device_serial_number`, `device_template`, `device_uuid`, `password`, `server_address`"
        ]
    );
    let expected = [
        "1: line-1=100 line-2=101 mac=0015654AA937 model=T46S name=Phone 0015654aa937 vendor=Yealink",
        "3: line-1=102 mac=00085D1AE98C model=51i name=Phone 00085d1ae98c vendor=Aastra",
    ];
    assert_eq!(
        sample(create, "freepbx-endpoint-manager", "freepbx.csv"),
        (expected.map(String::from).to_vec(), vec![])
    );
    let (rows, warnings) = sample(create, "freepbx-endpoint-manager", "freepbx-ipei.csv");
    assert_eq!(
        (rows, warnings),
        (expected.map(String::from).to_vec(), vec!["leaves out: `ipei`".to_owned()])
    );
    let (rows, warnings) = sample(create, "issabel", "issabel.csv");
    assert_eq!(
        rows,
        [
            "2: line-1=100 line-2=101 mac=00:15:65:4A:A9:37 model=T46S name=Phone 0015654aa937 vendor=Yealink",
            "4: line-1=102 mac=00:08:5D:1A:E9:8C model=51i name=Phone 00085d1ae98c vendor=Aastra",
        ]
    );
    assert_eq!(warnings, ["leaves out: `Bridge`, `DNS1`, `DNS2`, `GW`, `IP`, `Mask`, `Time_Zone`"]);
    let (rows, warnings) = sample(create, "yeastar", "yeastar.csv");
    assert_eq!(
        rows,
        [
            "2: line-1=1000 mac=0015654aa937 model=SIP-T46S name=Phone 0015654aa937 vendor=Yealink",
            "3: line-1=1001 line-2=1002 line-3=1003 mac=805e0c112233 model=W70B name=Phone 805e0c112233 vendor=Yealink",
        ]
    );
    assert_eq!(
        warnings,
        ["leaves out: `Authentication First-time`, `Hot Desking Phone`, `Provisioning Method`, `Template`"]
    );
}

#[test]
fn a_plain_list_is_read_with_a_header_and_without_one() {
    let assign = JobOperation::DeviceAssign;
    let expected = ["line-1=100 line-2=101 mac=00:15:65:4A:A9:37", "line-1=102 mac=00:08:5D:1A:E9:8C"];
    for (file, first) in [("list.csv", 1), ("list-header.csv", 2)] {
        let (rows, warnings) = sample(assign, "plain-list", file);
        let rows: Vec<&str> = rows.iter().map(|row| row.split_once(": ").unwrap().1).collect();
        assert_eq!((rows, warnings), (expected.to_vec(), vec![]), "{file} {first}");
    }
}

#[test]
fn rows_of_one_device_that_do_not_agree_and_lines_given_twice_are_told() {
    let mut job = job(JobOperation::DeviceCreate, &["mac", "vendor", "model", "line-1"]);
    job.mapping = Some("freepbx-endpoint-manager".into());
    let told = faults(&job, "0015654AA937,Yealink,T46S,100,1\n00:15:65:4a:a9:37,Yealink,T48S,101,1\n");
    assert!(told[0].starts_with("line 2: column `model`: says something else than line 1"), "{told:?}");
    assert!(told[1].starts_with("line 2: column `ext`: puts a second extension on line 1"), "{told:?}");
    let told = faults(&job, "0015654AA937,Yealink,T46S,100,x\n");
    assert!(told[0].contains("number of a line"), "{told:?}");
    let told = faults(&job, "0015654AA937,Yealink,T46S,100\n");
    assert!(told[0].starts_with("line 1: has 4 cells and no header that is known"), "{told:?}");
    job.mapping = Some("plain-list".into());
    let told = faults(&job, format!("0015654AA937,{}\n", "1/".repeat(30_000)));
    assert!(told[0].starts_with("line 1: column `extension`: holds 30000 extensions"), "{told:?}");
    job.mapping = Some("other".into());
    assert!(faults(&job, "mac\n0015654AA937\n")[0].contains("there is no mapping `other`"));
}

#[test]
fn sip_passwords_come_by_a_job_that_sets_them() {
    let mut job = job(JobOperation::LineSetSecret, &["secret"]);
    job.mapping = Some("fusionpbx".into());
    let text = "device_address,line_number,user_id,password\n0015654aa937,1,100,CANARY-1\n0015654aa937,2,101,CANARY-2\n";
    let read = read(&job, text).unwrap();
    assert_eq!(told(&read), ["2: extension=100 secret=CANARY-1", "3: extension=101 secret=CANARY-2"]);
    assert_eq!(read.warnings, ["leaves out: `device_address`, `line_number`"]);
    assert!(!format!("{read:?}").contains("CANARY"));
}

#[test]
fn every_mapping_is_told_with_its_columns() {
    let ids: Vec<&str> = mappings().map(|mapping| mapping.id).collect();
    assert_eq!(ids, ["freepbx-endpoint-manager", "fusionpbx", "issabel", "plain-list", "yeastar"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back(cells in prop::collection::vec(
        ("[a-z0-9]{1,8}", "(clear|=|'|\"|,|;|\t|\n|\r|\\+|-|@|ü| |[*]{8}|[a-z]){0,6}"), 1..20)) {
        let mut text = String::from("device,notes\r\n");
        for (at, (device, notes)) in cells.iter().enumerate() {
            let written = Cell::Value(notes.clone());
            let quoted = written.written().replace('"', "\"\"");
            write!(text, "{device}-{at},\"{quoted}\"\r\n").unwrap();
        }
        let rows = read(&edit(), &text).unwrap().rows;
        let back: Vec<Option<&Cell>> = rows.iter().map(|row| row.cells.get("notes")).collect();
        let expected: Vec<Cell> = cells.iter().map(|(_, notes)| Cell::Value(notes.clone())).collect();
        let expected: Vec<Option<&Cell>> = expected.iter().map(Some).collect();
        prop_assert_eq!(back, expected);
    }
}
