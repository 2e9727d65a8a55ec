//! The OpenAPI document: what the routes say of themselves, and what they have in common.

use serde_json::{Map, Value, json};
use utoipa::PartialSchema;
use utoipa::openapi::OpenApi;

use crate::manage::problem::Told;
use crate::manage::schema;

/// What is wrong with a request, whatever it asks for: (status, when).
const ALWAYS: &[(&str, &str)] = &[
    ("400", "The request is not understood."),
    ("401", "Nothing that opens anything is shown."),
    ("403", "The actor may not."),
    ("404", "There is nothing of that name, as far as the actor may know."),
    ("406", "The client takes nothing that is given here."),
    ("408", "The request took too long."),
    ("422", "A value is not possible."),
    ("500", "The disk or the system does not do what it should."),
    ("503", "The server stops, or its files are faulty."),
];

/// The same for requests that change something.
const EDITS: &[(&str, &str)] = &[
    ("409", "Something of that name, or with that value, is there already or still in use."),
    ("412", "The record is not as it was when `If-Match` was given for it."),
    ("413", "The body is longer than 4 MiB; rows in a file, than 64 MiB."),
    ("415", "The body is not announced as what is taken here."),
    ("429", "Too much was tried; `Retry-After` says when to come back."),
];

/// The same for requests that look at a device, which may be called by a name.
const NAMES: &[(&str, &str)] =
    &[("409", "Several devices have that name; each is called by its id as well.")];

/// Headers of what is refused: (status, header, what it says).
const TOLD_WITH: &[(&str, &str, &str)] = &[
    ("401", "WWW-Authenticate", "How to show what opens something."),
    ("429", "Retry-After", "In how many seconds to come back."),
];

/// Completes what the routes say.
pub(super) fn complete(document: &OpenApi) -> Value {
    let mut document = serde_json::to_value(document).unwrap_or_default();
    document["openapi"] = json!("3.1.0");
    document["info"] = json!({
        "title": "bellhop",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Provisioning of SIP phones: accounts, extensions, devices, templates, logins. Keys are those \
                        of the fleet's files. Edits answer with the serial of the snapshot that holds them, in \
                        `Bellhop-Snapshot`; phones see it at once.",
    });
    document["security"] = json!([{ "bearer": [] }, { "session": [] }]);
    document["components"]["securitySchemes"] = json!({
        "bearer": { "type": "http", "scheme": "bearer", "description": "A token, a session or the operator's key." },
        "session": {
            "type": "apiKey", "in": "cookie", "name": "bellhop-session",
            "description": "A session. What changes anything needs the header `Bellhop-Request` too, or an `Origin` \
                            that is the server's own.",
        },
    });
    document["components"]["schemas"]["Problem"] = serde_json::to_value(Told::schema()).unwrap_or_default();
    for (name, schema) in schema::all() {
        document["components"]["schemas"][name] = schema;
    }
    let schemas = document["components"]["schemas"].clone();
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (_, operations) in paths.filter(|(path, _)| path.starts_with("/api/")) {
        for (method, operation) in operations.as_object_mut().into_iter().flatten() {
            // Functions of several areas have the same names.
            let text = |value: &Value| value.as_str().unwrap_or_default().replace('_', "-");
            let id = format!("{}-{}", text(&operation["tags"][0]), text(&operation["operationId"]));
            operation["operationId"] = json!(id);
            for parameter in
                operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten()
            {
                sharpen(parameter);
            }
            add_headers(&schemas, operation);
            add_problems(method, operation);
        }
    }
    document
}

/// Says of a parameter what the types cannot: it is there or not, and never null; a version has a form.
fn sharpen(parameter: &mut Value) {
    let schema = parameter["schema"].take();
    let not_null = |kinds: &Vec<Value>| kinds.iter().find(|kind| *kind != "null").cloned();
    let not_null_schema = |ways: &Vec<Value>| ways.iter().find(|way| way["type"] != "null").cloned();
    let mut sharp = schema["oneOf"].as_array().and_then(not_null_schema).unwrap_or_else(|| schema.clone());
    if let Some(kind) = sharp["type"].as_array().and_then(not_null) {
        sharp["type"] = kind;
    }
    if parameter["name"] == "If-Match" {
        sharp["pattern"] = json!(r#"^([*]|"[!#-~]{1,128}")$"#);
        sharp["minLength"] = json!(1);
    }
    parameter["schema"] = sharp;
}

fn header(help: &str, schema: &Value, required: bool) -> Value {
    json!({ "description": help, "schema": schema, "required": required })
}

fn is_required(schema: &Value, key: &str) -> bool {
    schema["required"].as_array().is_some_and(|required| required.iter().any(|known| known == key))
}

/// Says which headers come with what an operation gives: the version of a record, the snapshot that holds a change.
fn add_headers(schemas: &Value, operation: &mut Value) {
    let of = |schema: &Value| {
        let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        &schemas[name]
    };
    let responses = operation["responses"].as_object_mut().into_iter().flatten();
    for (status, response) in responses.filter(|(status, _)| status.starts_with('2')) {
        let shown = of(&response["content"]["application/json"]["schema"]);
        let keys = &shown["properties"];
        let ways = shown["anyOf"].as_array().into_iter().flatten();
        let has_version = |schema: &Value| schema["properties"]["version"]["description"] == schema::VERSION;
        let is_ordered = status != "200" && shown["description"] == schema::RUN;
        let is_changed = !keys["result"].is_null() || !keys["results"].is_null();
        let is_versioned = has_version(shown)
            || ways.map(of).any(has_version)
            || !keys["result"].is_null() && keys["result"]["type"] != "null";
        if is_versioned {
            let help =
                "The version of the record, for `If-Match`; a record that is not written down has none.";
            let is_always = keys["version"]["type"] == "string" && is_required(shown, "version");
            let schema = json!({ "type": "string", "pattern": r#"^"[!#-~]{1,128}"$"# });
            response["headers"]["ETag"] = header(help, &schema, is_always);
        }
        if is_ordered {
            let help = "Where the run is looked at.";
            response["headers"]["Location"] = header(help, &json!({ "type": "string" }), true);
        }
        if is_changed {
            let help = "The serial of the snapshot that holds the change; missing when nothing changed.";
            let schema = json!({ "type": "integer", "minimum": 0 });
            response["headers"]["Bellhop-Snapshot"] = header(help, &schema, false);
        }
    }
}

fn add_problems(method: &str, operation: &mut Value) {
    let is_open = operation["security"] == json!([{}]);
    let changes = method != "get";
    let names_device = operation.get("parameters").and_then(Value::as_array).is_some_and(|parameters| {
        !changes && parameters.iter().any(|parameter| parameter["name"] == "device")
    });
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    let edits = EDITS.iter().filter(|_| changes);
    let all = ALWAYS.iter().chain(edits).chain(NAMES.iter().filter(|_| names_device));
    for (status, when) in all.filter(|(status, _)| !(is_open && !changes && matches!(*status, "401" | "403")))
    {
        let mut problem = json!({
            "description": when,
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
        });
        if let Some((_, name, help)) = TOLD_WITH.iter().find(|(told, ..)| told == status) {
            problem["headers"] = json!({ *name: header(help, &json!({ "type": "string" }), true) });
        }
        add(responses, status, problem);
    }
}

/// Adds a response; where a route has one of its own with the status, either may come.
fn add(responses: &mut Map<String, Value>, status: &str, problem: Value) {
    let Some(own) = responses.get_mut(status) else {
        responses.insert(status.to_owned(), problem);
        return;
    };
    let schema = own["content"]["application/json"]["schema"].take();
    own["content"]["application/json"]["schema"] =
        json!({ "anyOf": [schema, problem["content"]["application/json"]["schema"]] });
}
