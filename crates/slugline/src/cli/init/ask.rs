//! Questions and answers, line by line.
//!
//! Ensures that an answer which cannot be is asked for again, that the end of the input takes what is left
//! by default, and that with `--no-input` nobody is asked at all.

use std::io::{BufRead, Write};

use clap::ValueEnum;

use crate::cli::Trouble;

/// Asks a person, or a pipe.
pub(super) struct Asker<'a> {
    answers: &'a mut dyn BufRead,
    questions: &'a mut dyn Write,
    silent: bool,
}

impl<'a> Asker<'a> {
    /// `silent`: never asks.
    pub(super) fn new(
        answers: &'a mut dyn BufRead,
        questions: &'a mut dyn Write,
        silent: bool,
    ) -> Self {
        Self {
            answers,
            questions,
            silent,
        }
    }

    /// The answer to a question; what is usual where there is none.
    pub(super) fn ask<T>(
        &mut self,
        flag: &str,
        question: &str,
        usual: Option<&str>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Trouble> {
        let missing = || Trouble::wrong(format!("{flag} is missing, and nobody answered for it"));
        loop {
            let answer = match self.answer(question, usual)? {
                Some(answer) if !answer.is_empty() => answer,
                Some(_) if usual.is_none() => continue,
                _ => usual.map(str::to_owned).ok_or_else(missing)?,
            };
            match read(&answer) {
                Ok(value) => return Ok(value),
                Err(why) if self.silent => return Err(Trouble::wrong(format!("{flag}: {why}"))),
                Err(why) => self.say(&format!("  {why}\n")),
            }
        }
    }

    /// One of a few words.
    pub(super) fn choose<T: ValueEnum>(
        &mut self,
        flag: &str,
        question: &str,
        usual: &str,
    ) -> Result<T, Trouble> {
        let ignore_case = true;
        self.ask(flag, question, Some(usual), |text| {
            T::from_str(text, ignore_case).map_err(|_| format!("{text:?} is none of these"))
        })
    }

    /// A line; `None` where nobody answers any more.
    fn answer(&mut self, question: &str, usual: Option<&str>) -> Result<Option<String>, Trouble> {
        if self.silent {
            return Ok(None);
        }
        let hint = usual.map(|usual| format!(" [{usual}]"));
        self.say(&format!("{question}{}: ", hint.unwrap_or_default()));
        let mut line = String::new();
        let read = self.answers.read_line(&mut line);
        let read = read.map_err(|why| Trouble::wrong(format!("no answer can be read: {why}")))?;
        if read == 0 {
            self.say("\n");
            return Ok(None);
        }
        Ok(Some(line.trim().to_owned()))
    }

    /// Says something to who is asked.
    pub(super) fn say(&mut self, text: &str) {
        if self.silent {
            return;
        }
        // Who does not see the questions may answer them all the same.
        let _ = self.questions.write_all(text.as_bytes());
        let _ = self.questions.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(answers: &str, usual: Option<&str>, silent: bool) -> (Result<u8, Trouble>, String) {
        let mut questions = Vec::new();
        let mut answers = answers.as_bytes();
        let mut asker = Asker::new(&mut answers, &mut questions, silent);
        let read = |text: &str| text.parse().map_err(|_| "is no number".to_owned());
        let answer = asker.ask("--number", "How many", usual, read);
        (answer, String::from_utf8(questions).unwrap())
    }

    #[test]
    fn a_wrong_answer_is_asked_for_again_and_the_end_takes_the_default() {
        let (answer, said) = ask("many\n7\n", Some("3"), false);
        assert_eq!(answer, Ok(7));
        assert_eq!(said, "How many [3]:   is no number\nHow many [3]: ");
        assert_eq!(ask("\n", Some("3"), false).0, Ok(3));
        assert_eq!(ask("", Some("3"), false).0, Ok(3));
        assert_eq!(ask("\n\n5\n", None, false).0, Ok(5));
        assert!(ask("many\n", None, false).0.is_err());
        assert_eq!(ask("9\n", Some("3"), true), (Ok(3), String::new()));
        assert!(ask("9\n", None, true).0.is_err());
    }
}
