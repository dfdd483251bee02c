//! One file a command: it parses nothing, prints through `render`, and returns an exit code.
