//! Reads URLs.

use std::ffi::OsStr;
use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command, Error};

/// Reads a URL, and does not repeat one that cannot be taken: a password may stand in it.
#[derive(Debug)]
pub(super) struct UrlParser<T>(PhantomData<fn() -> T>);

impl<T> UrlParser<T> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Clone for UrlParser<T> {
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl<T> TypedValueParser for UrlParser<T>
where
    T: FromStr<Err: Display> + Clone + Send + Sync + 'static,
{
    type Value = T;

    fn parse_ref(&self, command: &Command, flag: Option<&Arg>, value: &OsStr) -> Result<T, Error> {
        value.to_string_lossy().parse().map_err(|error: T::Err| {
            let flag = flag.map(ToString::to_string).unwrap_or_default();
            Error::raw(
                ErrorKind::ValueValidation,
                format!("the value of {flag}: {error}\n"),
            )
            .with_cmd(command)
        })
    }
}
