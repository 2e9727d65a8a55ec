//! Texts of somebody who means harm: each ends soon, with little memory and on a small stack.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use minijinja::value::Value;

use crate::template::{Engine, Escape, Limits};

const LIMITS: Limits = Limits { fuel: 1_000_000, output_bytes: 1 << 20, time: Duration::from_millis(500) };

/// Compiles and runs a text beside one template of the catalog, on the stack that threads of the server have.
fn run(source: &str) -> Result<String, String> {
    let ours = "{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}ours";
    let templates = BTreeMap::from([("vendor/ours.cfg".to_owned(), ours.to_owned())]);
    let (engine, _) = Engine::compile(templates, LIMITS);
    let engine = Arc::new(engine.fenced(|_| true));
    let source = source.to_owned();
    let work = move || {
        let body =
            engine.compile_beside("theirs", &source, Escape::Line).map_err(|error| error.to_string())?;
        body.render(Value::from(())).map_err(|error| error.to_string())
    };
    let thread = thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap();
    thread.join().unwrap()
}

/// Runs texts that must fail for a reason, and soon.
fn all_fail(table: &[(&str, String)]) {
    for (reason, source) in table {
        let started = Instant::now();
        let error = run(source).expect_err(reason);
        assert!(error.contains(reason), "{error}\nis not {reason:?}");
        // Five times the limit, for a machine that is busy.
        assert!(started.elapsed() < Duration::from_secs(5), "{reason} took {:?}", started.elapsed());
    }
}

#[test]
fn nothing_grows_without_bounds() {
    let again = |first: &str, step: &str, times| format!("{first}{}{{{{ x }}}}", step.repeat(times));
    all_fail(&[
        ("makes a text that is too long", again("{% set x = 'a' %}", "{% set x = x ~ x %}", 60)),
        ("makes a text that is too long", again("{% set x = 'a' %}", "{% set x = x + x %}", 60)),
        (
            "makes a text that is too long",
            again("{% set x = 'ab' %}{% set n = 999999 %}", "{% set x = x * n %}", 2),
        ),
        (
            "makes a text that is too long",
            again("{% set x = 'a' %}", "{% set x = x|replace('a', 'aaaa') %}", 60),
        ),
        ("makes a text that is too long", again("{% set x = 'a' %}", "{% set x = [x, x, x]|join(x) %}", 60)),
        ("makes a text that is too long", again("{% set x = 'a' %}", "{% set x = secret(x, x) %}", 60)),
        (
            "too much text",
            again("{% set x %}aaaaaaaa{% endset %}", "{% set x %}{{ x }}{{ x }}{% endset %}", 60),
        ),
        (
            "too much text",
            again(
                "{% macro m(x) %}{{ x }}{{ x }}{% endmacro %}{% set x = 'aaa' %}",
                "{% set x = m(x) %}",
                60,
            ),
        ),
        (
            "too much text",
            again("{% import 'vendor/ours.cfg' as o %}{% set x = 'aaa' %}", "{% set x = o.twice(x) %}", 60),
        ),
        ("too much text", format!("{{% for i in range(100000) %}}{}{{% endfor %}}", "a".repeat(2000))),
        (
            "makes a text that is too long",
            "{% set n = namespace(x='a') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}"
                .to_owned(),
        ),
        (
            "puts too many values",
            "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = n.x + n.x %}{% endfor %}"
                .to_owned(),
        ),
        ("puts too many values", again("{% set x = [1] %}", "{% set x = x + x %}", 60)),
        ("puts lists into lists", again("{% set x = [1] %}", "{% set x = [x, x] %}", 60)),
        ("puts too many values", "{{ range(100000)|list|length }}".to_owned()),
        ("formats too wide", "{{ '%0900000000d'|format(1) }}".to_owned()),
        ("formats too wide", "{{ '%.900000000f'|format(1.5) }}".to_owned()),
        ("formats too wide", "{{ '%*d'|format(900000000, 1) }}".to_owned()),
        ("batch is unknown", "{{ [1]|batch(1000000000, 'x')|list }}".to_owned()),
        ("indent is unknown", "{{ 'a\nb'|indent(1000000000) }}".to_owned()),
    ]);
}

#[test]
fn the_compiler_calculates_nothing_large() {
    let why = "multiplies a literal text or list";
    for source in [
        "{{ 'a' * 99999999 }}",
        "{{ 99999999 * 'a' }}",
        "{{ ('a') * 99999999 }}",
        "{{ 99999999 * (('a' ~ 'b')) }}",
        "{{ [1] * 99999999 }}",
        "{{ (1, 2) * 99999999 }}",
        "{{ true and 'a' * 99999999 }}",
    ] {
        all_fail(&[(why, source.to_owned())]);
    }
    assert_eq!(
        run("{{ (2 + 1) * 3 }} {{ '%d'|format(2 * 3) }} {{ [4, 5][1] * 2 }}"),
        Ok("9 6 10".to_owned())
    );
}

#[test]
fn nothing_overflows_the_stack() {
    let tag = |begin: &str, again: &str, times, end: &str| {
        format!("{{{{ {begin}{} {end} }}}}", again.repeat(times))
    };
    all_fail(&[
        ("more than 500 words", tag("", "-", 100_000, "1")),
        ("more than 500 words", tag("1", "+1", 100_000, "")),
        ("more than 500 words", tag("x", ".a", 100_000, "")),
        ("more than 500 words", tag("1", "|abs", 50_000, "")),
        ("more than 500 words", tag("", "(", 100_000, "1")),
        ("more than 500 words", tag("", "1 if 1 else ", 10_000, "1")),
        ("more than 200 `elif`", format!("{{% if 1 %}}{}{{% endif %}}", "{% elif 1 %}".repeat(18_000))),
        ("recursion", "{% if 1 %}".repeat(2000) + &"{% endif %}".repeat(2000)),
        ("longer than 256 KiB", "a".repeat(300_000)),
        ("keeps a table", "{% set n = namespace() %}{% set n.a = n %}{{ n == n }}".to_owned()),
        ("keeps a table", "{% set n = namespace() %}{% set n.a = [n] %}{{ n == n }}".to_owned()),
        ("keeps a table", "{% set n = namespace() %}{% set m = namespace(a=n) %}".to_owned()),
        ("keeps a table", "{% set n = namespace() %}{% set m = namespace({'a': n}) %}".to_owned()),
        (
            "keeps a table",
            "{% set n = namespace(a=[]) %}{% for i in range(100000) %}{% set n.a = [n.a] %}{% endfor %}"
                .to_owned(),
        ),
        ("dict is unknown", "{{ dict(a=1) }}".to_owned()),
        ("invalid operation", "{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(0) }}".to_owned()),
        ("invalid operation", "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}".to_owned()),
    ]);
    // As deep as it may be.
    for source in [
        tag("", "-", 480, "1"),
        tag("1", "+1", 240, ""),
        tag("1", "|abs", 240, ""),
        tag("", "not ", 480, "1"),
        format!("{{% if 1 %}}a{}{{% endif %}}", "{% elif 0 %}".repeat(200)),
    ] {
        run(&source).unwrap();
    }
}

#[test]
fn it_is_stopped_in_time() {
    all_fail(&[
        (
            "than `rendering.",
            "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}".to_owned(),
        ),
        (
            "takes longer",
            "{% set n = 30000 %}{% set a = 'ab' %}{% set x = a * n %}{% for i in range(100000) %}\
             {% if 'abc' in x or x[59999] == '' %}{% endif %}{% endfor %}"
                .to_owned(),
        ),
        (
            "takes longer",
            "{% set n = 30000 %}{% set a = 'ab' %}{% macro m(k, x) %}{% if 'abc' in x or x[59999] == '' %}{% endif %}\
             {% if k > 0 %}{{ m(k - 1, x) }}{{ m(k - 1, x) }}{% endif %}{% endmacro %}{{ m(30, a * n) }}"
                .to_owned(),
        ),
    ]);
}

#[test]
fn it_reaches_nothing_but_what_it_may_use() {
    all_fail(&[
        ("non-existing", "{% include 'theirs' %}".to_owned()),
        ("non-existing", "{% include 'other/phone.cfg' %}".to_owned()),
        ("non-existing", "{% import '../../../etc/passwd' as x %}".to_owned()),
        ("template not found", "{% extends '/etc/passwd' %}".to_owned()),
        ("undefined", "{{ env.HOME }}".to_owned()),
        ("getenv is unknown", "{{ getenv('HOME') }}".to_owned()),
        ("debug is unknown", "{{ debug() }}".to_owned()),
        ("safe is unknown", "{{ 'a\nb'|safe }}".to_owned()),
        (
            "escaping of a printed text cannot be switched off",
            "{% autoescape false %}{{ 'a' }}{% endautoescape %}".to_owned(),
        ),
    ]);
    assert_eq!(run("{% include 'vendor/ours.cfg' %}"), Ok("ours".to_owned()));
}

#[test]
fn what_the_fence_stands_around_runs_as_ever() {
    for (source, wanted) in [
        (
            "{{ 'abcdef'[2:4] }} {{ 'abcdef'[-2:] }} {{ 'abc'[:-1] }} {{ [1, 2, 3][1:]|join(',') }}",
            "cd ef ab 2,3",
        ),
        (
            "{{ 1 + 2 * 3 }} {{ 7 // 2 }} {{ 1.5 + 1 }} {{ 2 * 1.5 }} {{ -3 + 1 }} {{ 7 - 2 }} {{ 2 ** 3 }}",
            "7 3 2.5 3.0 -2 5 8",
        ),
        ("{{ 'a' + 'b' ~ 1 ~ 2.5 }} {{ [1] + [2] == [1, 2] }}", "ab12.5 True"),
        ("{% for a, b in {'x': 1}|items %}{{ a }}{{ b }}{% endfor %}", "x1"),
        ("{% for x in [1, 2, 3] if x > 1 %}{{ loop.index }}:{{ x }} {% else %}none{% endfor %}", "1:2 2:3 "),
        ("{% for x in [] %}{% else %}none{% endfor %}", "none"),
        ("{{ 'y' if 0 else 'n' }}{{ 0 or 3 and 4 }}", "n4"),
        ("{% set x %}a{{ 1 }}{% endset %}{{ x }}{% filter upper %}b{% endfilter %}", "a1B"),
        (
            "{% macro m(a, b=2) %}{{ a }}{{ b }}{{ caller() if caller is defined else '' }}{% endmacro %}{{ m(1) }}{% call m(3) %}c{% endcall %}",
            "1232c",
        ),
        ("{% from 'vendor/ours.cfg' import twice %}{{ twice('a') }}", "aa"),
        (
            "{% set n = namespace(a=1, b='') %}{% for i in [5, 6] %}{% set n.a = i %}{% set n.b = n.b ~ i %}{% endfor %}\
             {{ n.a }}{{ n.b }}",
            "656",
        ),
        ("{% with a = 1 %}{{ a }}{% endwith %}{{ [3, 1, 2]|sort|first }}{{ 'a,b'|split(',')|last }}", "11b"),
        ("{{ 'x' if [1, [2, 3]] else 'y' }}{{ {'a': {'b': 5}}.a.b }}{{ '%03d'|format(7) }}", "x5007"),
        ("a\n{% if true %}\nb\n{% endif %}\nc\n", "a\nb\nc\n"),
    ] {
        assert_eq!(run(source).as_deref(), Ok(wanted), "{source}");
    }
    let error = run("a\n{% macro m() %}\n{{ nothing }}\n{% endmacro %}\nb\n{{ m() }}\n").unwrap_err();
    assert!(error.contains("line 3"), "{error}");
    let error = run("a\n{% for x in [1] %}\nc\n{{ x ~ nothing }}\n{% endfor %}\n").unwrap_err();
    assert!(error.contains("line 4") && error.contains("undefined"), "{error}");
}
