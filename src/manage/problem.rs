//! What the API says when it does not do something: one shape for everything that can be wrong.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::manage::answer::json;
use crate::manage::shape::Misfit;
use crate::operation::{Code, Problem};

/// Why something is not done: a stable code for programs, a sentence for people, and what it is about.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = Problem)]
pub(super) struct Told {
    /// What it is, for programs.
    #[schema(schema_with = codes)]
    code: &'static str,
    /// What is wrong and the cure, for people.
    message: String,
    /// The key of the record, or the part of the request, that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    field: Option<String>,
    /// The rule that forbids it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    rule: Option<String>,
    /// Which of several edits it is about, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    edit: Option<usize>,
    /// Where several things are wrong: each of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    faults: Option<Vec<String>>,
}

/// An answer that refuses.
#[derive(Debug)]
pub(super) struct Refusal(Box<Refused>);

#[derive(Debug)]
struct Refused {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    told: Told,
}

/// Everything that is said, with its status.
const CODES: &[(&str, StatusCode)] = &[
    ("busy", StatusCode::TOO_MANY_REQUESTS),
    ("changed", StatusCode::PRECONDITION_FAILED),
    ("conflict", StatusCode::CONFLICT),
    ("failed", StatusCode::INTERNAL_SERVER_ERROR),
    ("faulty", StatusCode::SERVICE_UNAVAILABLE),
    ("forbidden", StatusCode::FORBIDDEN),
    ("invalid", StatusCode::UNPROCESSABLE_ENTITY),
    ("malformed", StatusCode::BAD_REQUEST),
    ("method-not-allowed", StatusCode::METHOD_NOT_ALLOWED),
    ("not-acceptable", StatusCode::NOT_ACCEPTABLE),
    ("not-found", StatusCode::NOT_FOUND),
    ("too-large", StatusCode::PAYLOAD_TOO_LARGE),
    ("too-slow", StatusCode::REQUEST_TIMEOUT),
    ("unauthorized", StatusCode::UNAUTHORIZED),
    ("unsupported-media-type", StatusCode::UNSUPPORTED_MEDIA_TYPE),
];

fn codes() -> utoipa::openapi::Object {
    let words = CODES.iter().map(|(word, _)| *word);
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .enum_values(Some(words))
        .description(Some("What it is, for programs."))
        .build()
}

impl Refusal {
    /// Refuses with a status; the code follows from it.
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let code = CODES.iter().find(|(_, known)| *known == status).map_or("malformed", |(word, _)| word);
        let told = Told { code, message: message.into(), field: None, rule: None, edit: None, faults: None };
        Self(Box::new(Refused { status, headers: Vec::new(), told }))
    }

    /// Refuses whoever showed nothing that opens anything; the same for every path and method.
    pub(super) fn unauthorized() -> Self {
        let message =
            "sign in first: show a token, a session or the operator's key in `Authorization: Bearer …`";
        let challenge = HeaderValue::from_static("Bearer realm=\"bellhop\"");
        Self::new(StatusCode::UNAUTHORIZED, message).with(header::WWW_AUTHENTICATE, challenge)
    }

    /// Says it in other words.
    pub(super) fn saying(mut self, message: String) -> Self {
        self.0.told.message = message;
        self
    }

    /// Tells of a mistake in the server.
    pub(super) fn panicked() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the server made a mistake; its log has more")
    }

    /// Says that the server stops, or cannot do what it should.
    pub(super) fn stops() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the server stops, or could not make the change")
    }

    /// Refuses a path that nothing is at.
    pub(super) fn no_such_path() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "there is nothing at this path; /api/v1/openapi.json lists all paths",
        )
    }

    /// Refuses what the actor may not do, whatever it is about.
    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// Refuses a part of the request as not understood.
    pub(super) fn malformed(field: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message).about(field)
    }

    /// Refuses a value that is not possible.
    pub(super) fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message).about(field)
    }

    /// Refuses what is not as the document says.
    pub(super) fn misfit(misfit: Misfit) -> Self {
        Self::invalid(&misfit.field, misfit.message)
    }

    /// Says which key, or which part of the request, it is about.
    pub(super) fn about(mut self, field: &str) -> Self {
        self.0.told.field = Some(field.to_owned());
        self
    }

    /// Adds a header to what is said.
    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let Problem { code, message, field, rule, edit } = problem;
        let status = match code {
            Code::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Code::Forbidden => StatusCode::FORBIDDEN,
            Code::NotFound => StatusCode::NOT_FOUND,
            Code::Conflict => StatusCode::CONFLICT,
            Code::Changed => StatusCode::PRECONDITION_FAILED,
            Code::Faulty => StatusCode::SERVICE_UNAVAILABLE,
            Code::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let faults = message.contains('\n').then(|| message.lines().map(str::to_owned).collect());
        let mut refusal = Self::new(status, message);
        refusal.0.told = Told { field, rule, edit, faults, ..refusal.0.told };
        refusal
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Refused { status, headers, told } = *self.0;
        let mut response = json(status, &told);
        response.headers_mut().extend(headers);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_an_operation_keeps_its_word() {
        for code in [
            Code::Invalid,
            Code::Forbidden,
            Code::NotFound,
            Code::Conflict,
            Code::Changed,
            Code::Faulty,
            Code::Failed,
        ] {
            let word = serde_json::to_value(code).unwrap();
            assert_eq!(Refusal::from(Problem::new(code, "")).0.told.code, word.as_str().unwrap());
        }
    }
}
