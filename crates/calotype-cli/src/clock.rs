//! How long each step took, and what it cost. Clocks live here: the engine has none.

use calotype::Step;
use serde_json::{Value, json};
use std::fmt::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Measures the time between the engine's reports.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
    steps: Mutex<Vec<(Step, Duration)>>,
    /// The step at hand and when it was last heard of.
    now: Mutex<(Option<Step>, Instant)>,
}

impl Clock {
    /// Starts.
    pub fn start() -> Self {
        let now = Instant::now();
        Self { started: now, steps: Mutex::default(), now: Mutex::new((None, now)) }
    }

    /// The engine is at this step.
    pub fn at(&self, step: Step) {
        let (Ok(mut now), Ok(mut steps)) = (self.now.lock(), self.steps.lock()) else { return };
        let passed = now.1.elapsed();
        if let Some(last) = now.0 {
            match steps.iter_mut().find(|(s, _)| *s == last) {
                Some((_, total)) => *total += passed,
                None => steps.push((last, passed)),
            }
        }
        *now = (Some(step), Instant::now());
    }

    /// The time of each step so far, in the order of their beginnings. The step at hand is ended.
    pub fn steps(&self) -> Vec<(Step, Duration)> {
        if let Some(step) = self.now.lock().ok().and_then(|n| n.0) {
            self.at(step);
        }
        self.steps.lock().map(|s| s.clone()).unwrap_or_default()
    }

    /// Time since the start.
    pub fn total(&self) -> Duration {
        self.started.elapsed()
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (step, time) in self.steps() {
            writeln!(text, "  {:<10} {:>8.3} s", name(step), time.as_secs_f64()).ok();
        }
        writeln!(text, "  {:<10} {:>8.3} s", "in all", self.total().as_secs_f64()).ok();
        if let Some(cpu) = cpu_seconds() {
            writeln!(text, "  {:<10} {cpu:>8.2} s", "processor").ok();
        }
        if let Some(peak) = peak_memory_bytes() {
            writeln!(text, "  {:<10} {:>8.0} MB", "memory", peak as f64 / 1e6).ok();
        }
        text
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let steps: Value =
            self.steps().into_iter().map(|(s, t)| (name(s).to_string(), json!(t.as_secs_f64()))).collect();
        json!({
            "steps_s": steps,
            "total_s": self.total().as_secs_f64(),
            "processor_s": cpu_seconds(),
            "peak_memory_bytes": peak_memory_bytes(),
        })
    }
}

/// What a step is called.
pub fn name(step: Step) -> &'static str {
    match step {
        Step::Read => "read",
        Step::Align => "align",
        Step::Merge => "merge",
        Step::Develop => "develop",
        Step::Look => "look",
        Step::Write => "write",
        _ => "work",
    }
}

/// Processor time of the whole process, all threads, where the system has /proc. In ticks of 1/100 s, the unit of
/// that file on Linux (proc(5), USER_HZ).
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // Fields are counted after the name, which ends at the last parenthesis: utime and stime are the 12th and 13th.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}

/// The largest memory the process ever had, where the system has /proc.
fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_summed_in_their_order() {
        let clock = Clock::start();
        for step in [Step::Read, Step::Merge, Step::Read, Step::Write] {
            clock.at(step);
        }
        let steps: Vec<Step> = clock.steps().into_iter().map(|(s, _)| s).collect();
        assert_eq!(steps, [Step::Read, Step::Merge, Step::Write]);
        assert!(clock.text().contains("in all"));
        let sum: Duration = clock.steps().iter().map(|(_, t)| *t).sum();
        assert!(sum <= clock.total());
    }
}
