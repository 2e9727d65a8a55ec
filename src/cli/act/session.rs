//! Who acts, and what answers: the server that runs, or without one the same functions, here.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::cli::Failure;
use crate::cli::act::nearest;
use crate::cli::act::whom::{ADMINISTRATOR, Whom};
use crate::config::Config;
use crate::jobs::{ExportError, export};
use crate::manage::{self, ActAs, ClientError, Key};
use crate::model::check_id;
use crate::operation::{Caller, Code, Filter, Outcome, Problem, Query, Request, Through, look, perform};
use crate::reload::Loader;
use crate::rights::{Account, Actor, Denial};

/// An account or a login that acts from the operator's shell.
pub(super) struct Session {
    config: PathBuf,
    whom: Whom,
    state: PathBuf,
    catalog: Vec<PathBuf>,
    server: Option<Server>,
}

/// The server that runs, and what is needed to ask it.
struct Server {
    key: Key,
    runtime: Runtime,
}

impl Session {
    /// Has an account or a login act; the administrator, where none is named.
    pub(super) fn open(config: &Path, who: Option<&str>) -> Result<Self, Failure> {
        let Config { state, catalog, .. } = Config::read(config).map_err(Failure::Faulty)?;
        let server = Server::find(&state)?;
        let config = config.to_owned();
        let mut session = Self { config, whom: Whom::administrator(), state, catalog, server };
        if let Some(who) = who {
            session.whom = Whom::find(who, &|query| session.ask(query))?;
        }
        Ok(session)
    }

    /// Gives the file with the settings.
    pub(super) fn config(&self) -> &Path {
        &self.config
    }

    /// Gives the state folder.
    pub(super) fn state(&self) -> &Path {
        &self.state
    }

    /// Tells whether phones of a vendor of this id are known.
    pub(super) fn is_vendor(&self, id: &str) -> bool {
        check_id(id).is_ok() && self.catalog.iter().any(|folder| folder.join(id).is_dir())
    }

    /// Decides whether the account may read the audit log, which is a file beside the server.
    pub(super) fn sees_audit(&self) -> Result<(), Failure> {
        if self.whom.account == ADMINISTRATOR {
            // The log can be read whatever the records look like.
            return Ok(());
        }
        let snapshot = crate::cli::load(&self.config)?.snapshot;
        let gone = || Failure::Refused(Problem::new(Code::Forbidden, "there is no such account"));
        let account = Account::find(&snapshot, &self.whom.account).ok_or_else(gone)?;
        let refused = |denial: Denial| {
            let mut problem = Problem::new(Code::Forbidden, denial.why);
            problem.rule = Some(denial.rule.word().to_owned());
            Failure::Refused(problem)
        };
        Actor::new(&snapshot, account).see_audit().map(|_| ()).map_err(refused)
    }

    /// Looks; a name that is not there is answered with the nearest that is.
    pub(super) fn look(&self, query: &Query) -> Result<Value, Failure> {
        self.ask(query)?.map_err(|problem| self.failure(problem, nearest::query(query)))
    }

    /// Changes.
    pub(super) fn perform(&self, request: &Request) -> Result<Outcome, Failure> {
        let as_whom = self.whom.to_server();
        let asked =
            self.server(|server| server.runtime.block_on(manage::perform(&server.key, as_whom, request)))?;
        let done = match asked {
            Some(done) => done,
            None => {
                let mut loader = Loader::new(&self.config).map_err(Failure::Faulty)?;
                perform(&mut loader.desk(), &self.caller(), request)
            }
        };
        done.map_err(|problem| {
            let edit = problem.edit.map_or(request.edits.first(), |at| request.edits.get(at));
            let called = edit.and_then(nearest::edit);
            self.failure(problem, called)
        })
    }

    /// Prints the devices of a filter as CSV.
    ///
    /// The files say what the server says, so that it need not be asked.
    pub(super) fn export(&self, filter: &Filter) -> Result<(), Failure> {
        let snapshot = crate::cli::load(&self.config)?.snapshot;
        let mut out = BufWriter::new(io::stdout().lock());
        let written = export(&snapshot, &self.caller(), filter, &mut out);
        let told = match written {
            Ok(told) => told,
            Err(ExportError::Refused(problem)) => return Err(Failure::Refused(problem)),
            Err(ExportError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        match out.flush() {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
            Err(_) | Ok(()) => (),
        }
        for warning in told.warnings {
            eprintln!("warning: {warning}");
        }
        Ok(())
    }

    fn ask(&self, query: &Query) -> Result<Result<Value, Problem>, Failure> {
        let as_whom = self.whom.to_server();
        let asked =
            self.server(|server| server.runtime.block_on(manage::look(&server.key, as_whom, query)))?;
        Ok(match asked {
            Some(told) => told,
            None => look(&crate::cli::load(&self.config)?.snapshot, &self.caller(), query),
        })
    }

    /// Asks the server that runs for something, as whoever acts; nothing where none runs.
    pub(super) fn at_server<T>(
        &self,
        ask: impl AsyncFnOnce(&Key, ActAs<'_>) -> Result<T, ClientError>,
    ) -> Result<Option<T>, Failure> {
        let as_whom = self.whom.to_server();
        self.server(|server| server.runtime.block_on(ask(&server.key, as_whom)))
    }

    /// Asks the server that runs, if one does: one that was killed leaves its key behind, and nobody is there.
    fn server<T>(&self, ask: impl FnOnce(&Server) -> Result<T, ClientError>) -> Result<Option<T>, Failure> {
        let Some(server) = &self.server else {
            return Ok(None);
        };
        match ask(server) {
            Ok(told) => Ok(Some(told)),
            Err(ClientError::Connect { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives whoever acts.
    pub(super) fn caller(&self) -> Caller {
        Caller {
            account: self.whom.account.clone(),
            login: self.whom.login.clone(),
            through: Through::Shell,
            peer: None,
            run: None,
        }
    }

    /// Turns a problem into how the command ends, with the name that was probably meant.
    fn failure(&self, mut problem: Problem, called: Option<(Query, &str)>) -> Failure {
        if let (Code::NotFound, Some((list, called))) = (problem.code, called)
            && let Ok(Ok(told)) = self.ask(&list)
            && let Some(meant) = nearest::row(&told, called)
        {
            problem.message = format!("{}; did you mean `{meant}`?", problem.message);
        }
        Failure::Refused(problem)
    }
}

impl Server {
    /// Finds the server by the key that it leaves in the state folder.
    fn find(state: &Path) -> Result<Option<Self>, Failure> {
        let key = match Key::read(state) {
            Ok(key) => key,
            Err(error) if error.is_absent() => return Ok(None),
            Err(error) => return Err(anyhow!(error).context("are you the server's operator?").into()),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Some(Self { key, runtime }))
    }
}
