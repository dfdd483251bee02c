//! The live mode itself, on embedded servers that are served over loopback: what it makes it removes.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use flowtly_sync::clock::{Clock, SystemClock};
use flowtly_sync::config::{self, Environment};
use flowtly_sync::connector::port::Extent;
use flowtly_sync::connector::registry::Transports;
use flowtly_sync::domain::record::{Kind, Side, Standing};
use flowtly_sync::sandbox::{EMBEDDED, Embedded};
use libtest_mimic::{Failed, Trial};

use crate::bench::Bench;

/// One trial for each embedded CRM.
pub fn trials() -> impl Iterator<Item = Trial> {
    EMBEDDED.iter().map(|embedded| {
        let name = format!("the live mode on a served sandbox removes what it made: {}", embedded.name);
        Trial::test(name, move || live(embedded))
    })
}

/// Ends the sandbox with the trial.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn live(embedded: &'static Embedded) -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("flowtly-sync.toml");
    let _served = serve(embedded, directory.path(), &file)?;
    let before = counted(&file);
    let output = Command::new(std::env::current_exe()?).arg("--live").arg(&file).output()?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{printed}\n{told}");
    for word in ["contract: ", " 0 failed", "flowtly: ", &format!("{}: ", embedded.name)] {
        assert!(printed.contains(word), "{word}: {printed}");
    }
    let made = |name: &str| {
        let line = printed.lines().find(|line| line.starts_with(&format!("{name}: "))).unwrap_or_default();
        let numbers: Vec<usize> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
        <[usize; 3]>::try_from(numbers).unwrap_or_default()
    };
    let [in_flowtly, removed, left] = made("flowtly");
    assert!(in_flowtly > 20 && removed > 5, "{printed}");
    let [in_crm, removed_there, left_there] = made(embedded.name);
    assert!(in_crm > 20 && removed_there == in_crm && left_there == 0, "{printed}");
    // Flowtly publishes no delete of clients, so that they are listed; everything else is as it was.
    let told = printed.lines().filter(|line| line.contains("publishes no delete")).count();
    assert_eq!(told, left, "{printed}");
    let after = counted(&file);
    assert_eq!(after, [before[0] + left, before[1], before[2], before[3]]);
    Ok(())
}

fn serve(embedded: &Embedded, directory: &Path, file: &Path) -> std::io::Result<Served> {
    let mut server = Command::new(env!("CARGO_BIN_EXE_flowtly-sync"))
        .args(["sandbox", "--companies", "3", "--crm", embedded.name])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let crm = (embedded.start)(clock);
    let header = format!("[{}]", embedded.name);
    let mut configuration = String::new();
    let mut left = None;
    for line in BufReader::new(server.stdout.take().unwrap()).lines() {
        let line = line?;
        if line.starts_with(&header) {
            left = Some(1 + crm.configuration("x").lines().count() + 1);
        }
        configuration.push_str(&line);
        configuration.push('\n');
        left = left.map(|left| left - 1);
        if left == Some(0) {
            break;
        }
    }
    std::fs::write(file, configuration)?;
    std::fs::write(directory.join("flowtly-password"), "sandbox")?;
    std::fs::write(directory.join(format!("{}-token", embedded.name)), crm.secret())?;
    Ok(Served(server))
}

/// Live companies and contacts in Flowtly, and in the CRM.
fn counted(file: &Path) -> [usize; 4] {
    let nothing: [(String, String); 0] = [];
    let settings = config::load(Some(file), &nothing.into_iter().collect::<Environment>()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut counts = Vec::new();
        for side in [Side::Flowtly, Side::Crm] {
            let transports = Transports::network(&settings).unwrap();
            let bench = Bench::over(&settings, transports, Arc::new(SystemClock::new()), side, None);
            for kind in Kind::BOTH {
                let (rows, _, _) = bench.walk(kind, Extent::Complete).await;
                counts.push(rows.iter().filter(|row| row.standing == Standing::Live).count());
            }
        }
        counts.try_into().unwrap()
    })
}
