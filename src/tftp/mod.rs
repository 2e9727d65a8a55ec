//! TFTP as a protocol: bytes in, bytes out, no socket and no clock.
//!
//! Promises: any bytes may be given to it; a stranger who never acknowledges gets at most three packets; a duplicate
//! acknowledgement brings no duplicate data; a file is never held whole unless it is in memory already; memory does
//! not grow with what a client asks for. Read next: [`packet`] for the wire, [`terms`] for options, [`session`] for
//! one transfer; `listen/tftp` gives them sockets and time.

pub mod netascii;
pub mod packet;
mod round_trip;
pub mod session;
pub mod terms;

pub use self::packet::{ErrorCode, Malformed, Mode, Options, Packet, Request};
pub use self::session::{Ending, Event, Patience, Session, Step};
pub use self::terms::{Caps, Terms, negotiate};
