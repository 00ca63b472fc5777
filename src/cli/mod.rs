//! The command line: a file a command. The only room that prints.

mod arguments;
mod chance;
mod client;
mod completions;
mod curl;
mod deliveries;
mod environment;
mod error;
mod events;
mod exit;
mod explain;
mod form_arguments;
mod integration_argument;
mod list;
mod new;
mod output;
mod preview;
mod progress;
mod render;
mod replay;
mod schema;
mod send;
mod serve;
mod shown;
mod stored;
mod subscriptions;
mod table;
mod tail;
mod token;
mod validate;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use environment::Environment;
use error::CliError;
use exit::Exit;

/// Turns change events of feature-flag platforms into the requests that other tools expect.
#[derive(Debug, Parser)]
#[command(name = "flagpost", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check integrations and say what to mend, where and how
    Validate(validate::ValidateArgs),
    /// Show what an integration would send for an event
    Preview(preview::PreviewArgs),
    /// Send what `preview` shows, and tell each attempt
    Send(send::SendArgs),
    /// Take events, deliver them, and answer for every one: the server
    Serve(serve::ServeArgs),
    /// List the subscriptions of a server or a store: what is wanted and what is observed
    Subscriptions(subscriptions::SubscriptionsArgs),
    /// List the deliveries of a server or a store, or show every attempt of one
    Deliveries(deliveries::DeliveriesArgs),
    /// Make deliveries of a server or a store once more, by number or by range
    Replay(replay::ReplayArgs),
    /// Follow what happens on a server
    Tail(tail::TailArgs),
    /// Make, list and revoke access tokens
    Token(token::TokenArgs),
    /// Say whether a policy lets an event through, and why
    Explain(explain::ExplainArgs),
    /// Render one template with one context
    Render(render::RenderArgs),
    /// Start a new integration that passes `validate`
    New(new::NewArgs),
    /// List integrations and what they can do
    List(list::ListArgs),
    /// Print the manifest's JSON Schema in one document
    Schema(schema::SchemaArgs),
    /// Print shell completions
    Completions(completions::CompletionsArgs),
}

/// Parses the arguments, runs the command, says how it ended.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; everything else is wrong usage.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            let _ = error.print();
            return exit.into();
        }
    };
    let environment = Environment::capture();
    match run(&cli.command, &environment) {
        Ok(exit) => exit.into(),
        Err(error) => {
            let mut stderr = environment.stderr();
            if !error.message.is_empty() {
                let _ = writeln!(stderr, "error: {}", shown::visible(&error.message));
            }
            if let Some(help) = &error.help {
                let _ = writeln!(stderr, "  = help: {}", shown::visible(help));
            }
            error.exit.into()
        }
    }
}

fn run(command: &Command, environment: &Environment) -> Result<Exit, CliError> {
    match command {
        Command::Validate(args) => validate::run(args, environment),
        Command::Preview(args) => preview::run(args, environment),
        Command::Send(args) => send::run(args, environment),
        Command::Serve(args) => serve::run(args, environment),
        Command::Subscriptions(args) => subscriptions::run(args, environment),
        Command::Deliveries(args) => deliveries::run(args, environment),
        Command::Replay(args) => replay::run(args, environment),
        Command::Tail(args) => tail::run(args, environment),
        Command::Token(args) => token::run(args, environment),
        Command::Explain(args) => explain::run(args, environment),
        Command::Render(args) => render::run(args, environment),
        Command::New(args) => new::run(args, environment),
        Command::List(args) => list::run(args, environment),
        Command::Schema(args) => schema::run(args, environment),
        Command::Completions(args) => completions::run(args, environment),
    }
}
