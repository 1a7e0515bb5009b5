//! What went wrong, why, and what to do about it.

use std::error::Error;
use std::fmt;

/// What went wrong, why, and what to do about it.
#[derive(Debug)]
pub struct Failure {
    message: String,
    cause: Option<Box<dyn Error + Send + Sync>>,
    help: Option<String>,
    usage: bool,
}

impl Failure {
    /// Something did not work: exit code 1.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), cause: None, help: None, usage: false }
    }

    /// The command was used wrongly: exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { usage: true, ..Self::new(message) }
    }

    /// With its cause.
    pub fn because(self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { cause: Some(cause.into()), ..self }
    }

    /// With what to do about it.
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// What the process returns.
    pub fn exit_code(&self) -> u8 {
        if self.usage { 2 } else { 1 }
    }

    /// What to do about it.
    pub fn remedy(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The causes, nearest first; those that only repeat what was said are left out.
    pub fn causes(&self) -> Vec<String> {
        let mut causes: Vec<String> = Vec::new();
        let mut next = self.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            if !self.message.contains(&text) && !causes.iter().any(|c| c.contains(&text)) {
                causes.push(text);
            }
            next = cause.source();
        }
        causes
    }

    /// The engine's errors, with their remedies.
    pub fn engine(error: calotype::Error) -> Self {
        let help = error.remedy().map(String::from);
        let usage = matches!(error, calotype::Error::NoFrames | calotype::Error::Recipe(_));
        // The error itself is kept for its causes; its own text is the message already, and not said again.
        Self { help, usage, ..Self::new(error.to_string()) }.because(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|e| e as &(dyn Error + 'static))
    }
}

impl From<calotype::Error> for Failure {
    fn from(error: calotype::Error) -> Self {
        Self::engine(error)
    }
}

/// A failure as miette shows it: its causes without repetition.
#[derive(Debug)]
struct Shown {
    text: String,
    next: Option<Box<Shown>>,
    help: Option<String>,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Shown {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.next.as_deref().map(|e| e as &(dyn Error + 'static))
    }
}

impl miette::Diagnostic for Shown {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|h| Box::new(h) as Box<dyn fmt::Display>)
    }
}

impl Failure {
    /// The failure for people: message, causes, remedy.
    pub fn render(&self) -> String {
        let next =
            self.causes().into_iter().rev().fold(None, |next, text| Some(Box::new(Shown { text, next, help: None })));
        let shown = Shown { text: self.message.clone(), next, help: self.help.clone() };
        format!("{:?}", miette::Report::new(shown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_said_once() {
        let inner = Failure::new("disk full");
        let failure =
            Failure::new("cannot write a.jpg").because(Failure::new("disk full").because(inner)).help("Make room.");
        assert_eq!(failure.causes(), ["disk full"]);
        let text = failure.render();
        assert!(
            text.contains("cannot write a.jpg") && text.contains("disk full") && text.contains("Make room."),
            "{text}"
        );
        assert_eq!((failure.exit_code(), Failure::usage("x").exit_code()), (1, 2));
    }
}
