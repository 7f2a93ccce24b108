//! Strata, chapter 7: attention, from naive to flash.
