//! How far the work is, on standard error.

use crate::args::Common;
use crate::clock::{self, Clock};
use crate::interrupt;
use calotype::{Cancelled, Progress, Step};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use std::sync::Mutex;

const STEPS: [Step; 6] = [Step::Read, Step::Align, Step::Merge, Step::Develop, Step::Look, Step::Write];

/// A bar with the step at hand; hidden when standard error is no terminal. Passes the user's wish to stop on to the
/// engine, and measures the steps.
pub struct Display {
    bar: ProgressBar,
    clock: Clock,
    last: Mutex<Option<Step>>,
}

impl Display {
    /// A display for one burst, named in front of the bar.
    pub fn new(common: &Common, title: &str) -> Self {
        let target = if common.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(1000), target);
        let style = ProgressStyle::with_template("{prefix}{msg:<14} {bar:30.cyan/blue} {percent:>3} %  {elapsed}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        if !title.is_empty() {
            bar.set_prefix(format!("{title}  "));
        }
        Self { bar, clock: Clock::start(), last: Mutex::new(None) }
    }

    /// Adds how long each step took, where that was asked for, to what is said to people and to programs.
    pub fn add_timings(&self, common: &Common, text: &mut String, json: &mut Value) {
        if common.timings {
            *text += &format!("\n{}", self.clock.text().trim_end());
            json["timings"] = self.clock.json();
        }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Display {
    fn report(&self, step: Step, done: f32) -> Result<(), Cancelled> {
        if interrupt::asked() {
            return Err(Cancelled);
        }
        if let Ok(mut last) = self.last.lock()
            && *last != Some(step)
        {
            self.clock.at(step);
            let number = STEPS.iter().position(|s| *s == step).map_or(0, |i| i + 1);
            self.bar.set_message(format!("[{number}/{}] {}", STEPS.len(), clock::name(step)));
            *last = Some(step);
        }
        self.bar.set_position((done.clamp(0.0, 1.0) * 1000.0) as u64);
        Ok(())
    }
}
