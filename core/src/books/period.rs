//! From when to when.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A time from which or until which records count, as users write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// `7d`, `12h`, `30m`: so long ago.
    Ago(SignedDuration),
    /// `2026-11-01`: a day in UTC.
    Day(Date),
    /// `2026-11-01T10:00:00Z`.
    At(Timestamp),
}

/// Why a text is no [`Moment`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write it as 7d, 12h or 30m (ago), as a day (2026-11-01, UTC), or as 2026-11-01T10:00:00Z")]
pub struct BadMoment;

/// From `since` on, before `until`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// The first moment; `None`: from the beginning.
    pub since: Option<Timestamp>,
    /// The first moment after; `None`: to the end.
    pub until: Option<Timestamp>,
}

impl std::str::FromStr for Moment {
    type Err = BadMoment;

    fn from_str(text: &str) -> Result<Self, BadMoment> {
        let text = text.trim();
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(Self::At(at));
        }
        if let Ok(day) = text.parse::<Date>() {
            return Ok(Self::Day(day));
        }
        let hours = |count: i64| SignedDuration::try_from_hours(count).ok_or(BadMoment);
        let number = |unit: char| {
            text.strip_suffix(unit)
                .and_then(|count| count.parse::<u32>().ok())
        };
        if let Some(days) = number('d') {
            return Ok(Self::Ago(hours(i64::from(days) * 24)?));
        }
        if let Some(count) = number('h') {
            return Ok(Self::Ago(hours(i64::from(count))?));
        }
        let minutes = number('m').ok_or(BadMoment)?;
        SignedDuration::try_from_mins(i64::from(minutes))
            .map(Self::Ago)
            .ok_or(BadMoment)
    }
}

impl Period {
    /// The period between two moments. A day counts whole, as the last one too.
    ///
    /// # Errors
    /// When one lies beyond the calendar.
    pub fn between(since: Option<Moment>, until: Option<Moment>, now: Timestamp) -> Result<Self, BadMoment> {
        let since = since.map(|moment| moment.begins(now)).transpose()?;
        let until = until.map(|moment| moment.ends(now)).transpose()?;
        Ok(Self { since, until })
    }

    /// Whether a moment lies in it.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }
}

impl Moment {
    fn begins(self, now: Timestamp) -> Result<Timestamp, BadMoment> {
        match self {
            Self::Ago(ago) => now.checked_sub(ago).map_err(|_| BadMoment),
            Self::Day(day) => midnight(day),
            Self::At(at) => Ok(at),
        }
    }

    fn ends(self, now: Timestamp) -> Result<Timestamp, BadMoment> {
        match self {
            Self::Day(day) => midnight(day.tomorrow().map_err(|_| BadMoment)?),
            Self::Ago(_) | Self::At(_) => self.begins(now),
        }
    }
}

fn midnight(day: Date) -> Result<Timestamp, BadMoment> {
    let zoned = day.to_zoned(TimeZone::UTC).map_err(|_| BadMoment)?;
    Ok(zoned.timestamp())
}

/// The day of a moment, in UTC.
pub fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(since: &str, until: &str) -> Period {
        let now = "2026-11-25T12:00:00Z".parse().unwrap();
        let moment = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap());
        Period::between(moment(since), moment(until), now).unwrap()
    }

    #[test]
    fn periods_are_read_and_days_count_whole() {
        for (since, until, at, inside) in [
            ("7d", "", "2026-11-18T12:00:00Z", true),
            ("7d", "", "2026-11-18T11:59:59Z", false),
            ("12h", "", "2026-11-25T00:00:00Z", true),
            ("30m", "", "2026-11-25T11:29:00Z", false),
            ("2026-11-01", "2026-11-30", "2026-11-01T00:00:00Z", true),
            ("2026-11-01", "2026-11-30", "2026-11-30T23:59:59.999Z", true),
            ("2026-11-01", "2026-11-30", "2026-12-01T00:00:00Z", false),
            ("", "2026-11-01T10:00:00Z", "2026-11-01T10:00:00Z", false),
            ("", "", "1999-01-01T00:00:00Z", true),
        ] {
            assert_eq!(
                period(since, until).contains(at.parse().unwrap()),
                inside,
                "{since} {until} {at}"
            );
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in ["", "d", "7", "7w", "-7d", "yesterday", "2026-13-01", "7 d", "é"] {
            assert_eq!(text.parse::<Moment>(), Err(BadMoment), "{text}");
        }
        assert_eq!(
            Period::between(Some("4294967295d".parse().unwrap()), None, Timestamp::UNIX_EPOCH),
            Err(BadMoment)
        );
    }
}
