//! Whom the operator acts as: an account, or a login with its account.

use serde_json::Value;

use crate::cli::Failure;
use crate::cli::act::nearest;
use crate::manage::ActAs;
use crate::operation::{Code, Page, Problem, Query};

/// Whom the operator acts as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Whom {
    /// The account.
    pub(super) account: String,
    /// The login, where it is one.
    pub(super) login: Option<String>,
}

/// Answers a query as the administrator.
type Ask<'a> = dyn Fn(&Query) -> Result<Result<Value, Problem>, Failure> + 'a;

impl Whom {
    /// The account that acts when nobody is named.
    pub(super) fn administrator() -> Self {
        Self { account: ADMINISTRATOR.to_owned(), login: None }
    }

    /// Finds who is meant: `account:ID`, `login:ID`, or the id of whichever there is.
    pub(super) fn find(who: &str, ask: &Ask<'_>) -> Result<Self, Failure> {
        let (account, login) = match who.split_once(':') {
            Some(("account", id)) => (account(id, ask)?, None),
            Some(("login", id)) => (None, login(id, ask)?),
            _ => (account(who, ask)?, login(who, ask)?),
        };
        match (account, login) {
            (Some(account), None) => Ok(Self { account, login: None }),
            (None, Some(login)) => {
                let word = |key: &str| login[key].as_str().unwrap_or_default().to_owned();
                if login["status"] == "disabled" {
                    return refuse(format!(
                        "the login `{}` is disabled, which opens nothing; enable it first",
                        word("id")
                    ));
                }
                Ok(Self { account: word("account"), login: Some(word("id")) })
            }
            (Some(_), Some(_)) => Err(Failure::Usage(format!(
                "`{who}` is an account and a login; write `account:{who}` or `login:{who}`"
            ))),
            (None, None) => {
                let called = who.split_once(':').map_or(who, |(_, id)| id);
                let lists = [Query::Logins { page: ALL }, accounts()];
                let meant = lists.iter().find_map(|list| nearest::row(&ask(list).ok()?.ok()?, called));
                let meant = meant.map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
                refuse(format!("there is no account or login `{}` to act as{meant}", who.escape_debug()))
            }
        }
    }

    /// Says it to the server that runs.
    pub(super) fn to_server(&self) -> ActAs<'_> {
        self.login.as_deref().map_or(ActAs::Account(&self.account), ActAs::Login)
    }
}

/// The account that acts when none is named.
pub(super) const ADMINISTRATOR: &str = "administrator";

const ALL: Page = Page { offset: 0, limit: 10_000 };

fn accounts() -> Query {
    Query::Accounts { kind: None, below: None, page: ALL }
}

fn account(id: &str, ask: &Ask<'_>) -> Result<Option<String>, Failure> {
    if id == ADMINISTRATOR {
        return Ok(Some(id.to_owned()));
    }
    let of_id = there(ask(&Query::Account { account: id.to_owned() })?)?;
    let is_there = of_id.is_some() || there(ask(&Query::Extension { extension: id.to_owned() })?)?.is_some();
    Ok(is_there.then(|| id.to_owned()))
}

fn login(id: &str, ask: &Ask<'_>) -> Result<Option<Value>, Failure> {
    there(ask(&Query::Login { login: id.to_owned() })?)
}

/// Gives what was found, if anything was.
fn there(told: Result<Value, Problem>) -> Result<Option<Value>, Failure> {
    match told {
        Ok(told) => Ok(Some(told)),
        Err(problem) if problem.code == Code::NotFound => Ok(None),
        Err(problem) => Err(Failure::Refused(problem)),
    }
}

fn refuse<T>(message: String) -> Result<T, Failure> {
    Err(Failure::Refused(Problem::new(Code::Forbidden, message)))
}
