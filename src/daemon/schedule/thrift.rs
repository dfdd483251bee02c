//! Fewer passes while a day's requests run low, told once, and again when there are enough. Pure: what is left is an argument.

use chrono::{DateTime, Utc};

use crate::domain::record::Side;
use crate::store::thrift::Short;

/// How much more than the share below which passes are put off must be left until they are not: what hovers about a limit is
/// told once.
const ENOUGH_ABOVE: f64 = 0.05;

/// When passes are put off, and how far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thrift {
    /// The share of a day's requests (0 to 1) below which passes are put off; 0 for never.
    pub below: f64,
    /// To how many times their interval.
    pub factor: u32,
}

impl Thrift {
    /// Never.
    pub const NONE: Self = Self { below: 0.0, factor: 1 };
}

/// What is worth telling, once.
#[derive(Debug, Clone, PartialEq)]
pub enum ThriftNews {
    /// From now on passes are put off.
    Short(Short),
    /// Not any more.
    Enough,
}

/// Takes in what is left of each side's day (a share from 0 to 1, where it is known). Returns what holds from now on, and what
/// is to be told.
pub fn judge(
    thrift: &Thrift,
    known: Option<Short>,
    left: &[(Side, f64)],
    now: DateTime<Utc>,
) -> (Option<Short>, Option<ThriftNews>) {
    let least = left.iter().copied().min_by(|(_, one), (_, other)| one.total_cmp(other));
    match (known, least) {
        (None, Some((side, left))) if left < thrift.below => {
            let short = Short { side, left, since: now };
            (Some(short.clone()), Some(ThriftNews::Short(short)))
        }
        (None, Some(_) | None) => (None, None),
        (Some(short), Some((side, left))) if left < (thrift.below + ENOUGH_ABOVE).min(1.0) && thrift.below > 0.0 => {
            (Some(Short { side, left, ..short }), None)
        }
        (Some(_), Some(_) | None) => (None, Some(ThriftNews::Enough)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const THRIFT: Thrift = Thrift { below: 0.2, factor: 4 };

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + chrono::TimeDelta::minutes(minute)
    }

    fn short(left: f64) -> Short {
        Short { side: Side::Crm, left, since: at(0) }
    }

    #[rstest]
    #[case::plenty(None, &[(Side::Crm, 0.9)], None, false)]
    #[case::nothing_known(None, &[], None, false)]
    #[case::exactly_enough(None, &[(Side::Crm, 0.2)], None, false)]
    #[case::low(None, &[(Side::Crm, 0.19)], Some(short(0.19)), true)]
    #[case::the_lower_one_counts(None, &[(Side::Flowtly, 0.5), (Side::Crm, 0.1)], Some(short(0.1)), true)]
    #[case::lower_still(Some(short(0.19)), &[(Side::Crm, 0.1)], Some(short(0.1)), false)]
    #[case::hovering(Some(short(0.19)), &[(Side::Crm, 0.24)], Some(short(0.24)), false)]
    #[case::enough(Some(short(0.19)), &[(Side::Crm, 0.25)], None, true)]
    #[case::another_day(Some(short(0.01)), &[(Side::Crm, 1.0)], None, true)]
    #[case::not_known_any_more(Some(short(0.1)), &[], None, true)]
    fn what_is_left_decides_and_only_what_is_new_is_told(
        #[case] known: Option<Short>,
        #[case] left: &[(Side, f64)],
        #[case] wanted: Option<Short>,
        #[case] is_told: bool,
    ) {
        let (holds, news) = judge(&THRIFT, known, left, at(0));
        assert_eq!(holds, wanted);
        assert_eq!(news.is_some(), is_told, "{news:?}");
    }

    #[test]
    fn whoever_asks_for_none_has_none() {
        assert_eq!(judge(&Thrift::NONE, None, &[(Side::Crm, 0.0)], at(0)), (None, None));
        assert_eq!(
            judge(&Thrift::NONE, Some(short(0.1)), &[(Side::Crm, 0.0)], at(0)),
            (None, Some(ThriftNews::Enough))
        );
    }

    proptest! {
        #[test]
        fn it_is_told_in_turns(shares in proptest::collection::vec(0.0_f64..=1.0, 0..60)) {
            let mut known = None;
            let mut was_short = false;
            for share in shares {
                let (holds, news) = judge(&THRIFT, known, &[(Side::Crm, share)], at(0));
                match news {
                    Some(ThriftNews::Short(_)) => { prop_assert!(!was_short); was_short = true; }
                    Some(ThriftNews::Enough) => { prop_assert!(was_short); was_short = false; }
                    None => {}
                }
                prop_assert_eq!(holds.is_some(), was_short);
                known = holds;
            }
        }
    }
}
