//! The engine as templates meet it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use minijinja::value::Value;

use crate::template::{
    Engine, Limits, Override, Overrides, Parameters, Quote, SecretText, Syntax, TemplateError,
};

const LIMITS: Limits = Limits { fuel: 20_000, output_bytes: 4096, time: Duration::from_secs(5) };

fn render(name: &str, source: &str, root: Value) -> Result<String, TemplateError> {
    let templates = BTreeMap::from([(name.to_owned(), source.to_owned())]);
    let (engine, errors) = Engine::compile(templates, LIMITS);
    match errors.into_iter().next() {
        Some(error) => Err(error),
        None => engine.render(name, root),
    }
}

fn with_parameters(
    syntax: Syntax,
    overrides: Vec<Override>,
    source: &str,
    value: Value,
) -> Result<String, TemplateError> {
    let parameters = Parameters { syntax: Arc::new(syntax), overrides: Arc::new(Overrides(overrides)) };
    let root = [("param", parameters.param()), ("rest", parameters.rest()), ("value", value)];
    render("t.cfg", source, Value::from(BTreeMap::from(root)))
}

fn key_value() -> Syntax {
    Syntax { pattern: "{name} = {value}".parse().unwrap(), null: Some("%NULL%".into()), ..Syntax::default() }
}

fn xml() -> Syntax {
    Syntax {
        pattern: "<{name}>{value}</{name}>".parse().unwrap(),
        indexed: Some("<{name} idx=\"{index}\">{value}</{name}>".parse().unwrap()),
        escape: crate::template::Escape::Xml,
        ..Syntax::default()
    }
}

#[test]
fn an_undefined_name_is_an_error_with_template_and_line() {
    let error = render("a.cfg", "one\ntwo\n{{ nothing }}\n", Value::from(())).unwrap_err();
    assert_eq!((error.template.as_str(), error.line), ("a.cfg", 3));
    assert!(error.message.contains("undefined"), "{error}");
}

#[test]
fn a_template_that_does_not_compile_is_told_with_its_line() {
    let error = render("a.cfg", "one\n{% if x %}\n", Value::from(())).unwrap_err();
    assert_eq!(error.template, "a.cfg");
    assert!(error.message.starts_with("syntax error"), "{error}");
}

#[test]
fn every_limit_ends_a_template() {
    let endless = "{% for i in range(10000) %}{% for j in range(10000) %}{% endfor %}{% endfor %}";
    let error = render("a.cfg", endless, Value::from(())).unwrap_err();
    assert!(error.message.contains("rendering.fuel"), "{error}");
    let long = "{% for i in range(1000) %}0123456789{% endfor %}";
    let error = render("a.cfg", long, Value::from(())).unwrap_err();
    assert!(error.message.contains("rendering.output"), "{error}");
    let templates =
        BTreeMap::from([("a.cfg".to_owned(), "{% for i in range(1000) %}0{% endfor %}".to_owned())]);
    let (engine, _) = Engine::compile(templates, Limits { time: Duration::ZERO, ..LIMITS });
    let error = engine.render("a.cfg", Value::from(())).unwrap_err();
    assert!(error.message.contains("rendering.time"), "{error}");
}

#[test]
fn an_error_never_shows_a_value() {
    for source in [
        "{{ value + 1 }}",
        "{{ value|int }}",
        "{{ value.x.y }}",
        "{{ [value] }}",
        "{{ value() }}",
        "{{ value|round }}",
    ] {
        let root = Value::from(BTreeMap::from([("value", "CANARY-4")]));
        let error = render("a.cfg", source, root).unwrap_err();
        assert!(!error.to_string().contains("CANARY"), "{source}: {error}");
    }
}

#[test]
fn printed_text_is_escaped_by_the_template_s_extension() {
    let root = || Value::from(BTreeMap::from([("value", "a & \"b\"\nc")]));
    assert_eq!(render("a.cfg", "{{ value }}", root()).unwrap(), "a & \"b\" c");
    assert_eq!(render("a.xml", "{{ value }}", root()).unwrap(), "a &amp; &quot;b&quot; c");
    assert_eq!(render("a.cfg", "{{ none }}|{{ true|yesno }}|{{ false|onoff }}", root()).unwrap(), "|Yes|off");
}

#[test]
fn a_parameter_is_written_by_the_syntax_of_its_file() {
    let line =
        |value: &str| with_parameters(key_value(), vec![], "{{ param('a.b', value) }}\n", Value::from(value));
    assert_eq!(line("x\ny").unwrap(), "a.b = x y\n");
    assert_eq!(line("").unwrap(), "a.b = %NULL%\n");
    assert_eq!(line("%NULL%").unwrap(), "a.b =  %NULL%\n");
    let source = "{{ param('a', value) }}{{ param('a', value, 2) }}";
    let written = with_parameters(xml(), vec![], source, Value::from("<&>")).unwrap();
    assert_eq!(written, "<a>&lt;&amp;&gt;</a><a idx=\"2\">&lt;&amp;&gt;</a>");
}

#[test]
fn quotes_are_written_where_the_syntax_wants_them() {
    let quoted = |quote, value: &str| {
        let syntax = Syntax { quote, quoted: "#".into(), null: None, ..key_value() };
        with_parameters(syntax, vec![], "{{ param('a', value) }}", Value::from(value)).unwrap()
    };
    assert_eq!(quoted(Quote::Always, "it is \"x\""), "a = \"it is 'x'\"");
    assert_eq!(quoted(Quote::WhenNeeded, "plain text"), "a = plain text");
    assert_eq!(quoted(Quote::WhenNeeded, "room #1"), "a = \"room #1\"");
    assert_eq!(quoted(Quote::WhenNeeded, "payload=9;ptime=20"), "a = payload=9;ptime=20");
    assert_eq!(quoted(Quote::WhenNeeded, " room"), "a = \" room\"");
    assert_eq!(quoted(Quote::Never, "room \"1\""), "a = room \"1\"");
}

#[test]
fn a_secret_is_never_altered_to_fit() {
    let syntax = Syntax { quote: Quote::Always, ..key_value() };
    let error = with_parameters(syntax, vec![], "{{ param('pw', value) }}", SecretText::value("a\"CANARY"))
        .unwrap_err();
    assert!(error.message.contains("cannot hold") && !error.message.contains("CANARY"), "{error}");
    let written =
        with_parameters(xml(), vec![], "{{ param('pw', value) }}", SecretText::value("a\"<")).unwrap();
    assert_eq!(written, "<pw>a&quot;&lt;</pw>");
}

#[test]
fn overrides_go_before_the_template_and_the_rest_is_appended() {
    let overrides = || {
        vec![
            Override::new("a", Value::from("mine")),
            Override::new("extra[3]", Value::from("z")),
            Override::new("late", Value::from("1")),
            Override::new("late", Value::from("2")),
        ]
    };
    let source = "{{ param('a', 'theirs') }}\n{{ param('b', 'theirs') }}\n{{ rest() }}\n";
    let written = with_parameters(key_value(), overrides(), source, Value::from(())).unwrap();
    assert_eq!(written, "a = mine\nb = theirs\nextra[3] = z\nlate = 2\n");
    let written = with_parameters(xml(), overrides(), "{{ rest() }}", Value::from(())).unwrap();
    assert_eq!(written, "<a>mine</a>\n<extra idx=\"3\">z</extra>\n<late>2</late>");
}

#[test]
fn escaping_cannot_be_switched_off() {
    for source in ["{{ value|safe }}", "{% autoescape false %}{{ value }}{% endautoescape %}"] {
        let root = Value::from(BTreeMap::from([("value", "<x/>")]));
        assert!(render("a.xml", source, root).is_err(), "{source}");
    }
}

#[test]
fn a_secret_joined_with_other_text_stays_one() {
    let syntax = Syntax { quote: Quote::Always, ..key_value() };
    let source = "{{ param('pw', secret('admin:', value)) }}";
    let error = with_parameters(syntax, vec![], source, SecretText::value("a\"b")).unwrap_err();
    assert!(error.message.contains("cannot hold"), "{error}");
    let written = with_parameters(key_value(), vec![], source, SecretText::value("a\"b")).unwrap();
    assert_eq!(written, "pw = admin:a\"b");
}

#[test]
fn what_a_macro_made_is_not_escaped_again() {
    let source = "{% macro m(x) %}{{ x }}{% endmacro %}{{ param('a', m(value)) }}";
    let templates = BTreeMap::from([("t.xml".to_owned(), source.to_owned())]);
    let (engine, errors) = Engine::compile(templates, LIMITS);
    assert_eq!(errors, []);
    let parameters = Parameters { syntax: Arc::new(xml()), overrides: Arc::default() };
    let root = [("param", parameters.param()), ("value", Value::from("a & b"))];
    assert_eq!(engine.render("t.xml", Value::from(BTreeMap::from(root))).unwrap(), "<a>a &amp; b</a>");
}

#[test]
fn a_name_that_would_leave_its_place_is_not_written() {
    let bad = || vec![Override::new("a><b", Value::from("1")), Override::new("fine", Value::from("2"))];
    assert_eq!(with_parameters(xml(), bad(), "{{ rest() }}", Value::from(())).unwrap(), "<fine>2</fine>");
    let bad = vec![Override::new("a\nb", Value::from("1"))];
    assert_eq!(with_parameters(key_value(), bad, "{{ rest() }}", Value::from(())).unwrap(), "");
    assert!(with_parameters(xml(), vec![], "{{ param('a><b', 1) }}", Value::from(())).is_err());
}
