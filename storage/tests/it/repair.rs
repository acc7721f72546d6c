//! A damaged log taken into use again: nothing is invented, nothing is dropped without a word.

use std::{collections::BTreeSet, fs};

use futures::TryStreamExt;
use proptest::prelude::*;
use storage::{Actor, Repair, repair, verify::verify};

use crate::support::{clock, exported, fill, paused, segments, small};

/// Records of the sound log.
const N: u64 = 14;

fn person() -> Actor {
    Actor::Terminal { user: "root".to_owned() }
}

#[test]
fn a_sound_log_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    paused().block_on(async {
        let log = small(dir.path()).await;
        fill(&log, N).await;
        log.close().await;
        let before: Vec<_> = segments(dir.path()).iter().map(|path| fs::read(path).unwrap()).collect();
        assert_eq!(repair(dir.path(), clock(), person()).await.unwrap(), Repair::Nothing);
        let after: Vec<_> = segments(dir.path()).iter().map(|path| fs::read(path).unwrap()).collect();
        assert_eq!(before, after);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_damaged_is_set_aside_and_said(at in any::<proptest::sample::Index>(), how in 0..3) {
        let dir = tempfile::tempdir().unwrap();
        paused().block_on(async {
            let log = small(dir.path()).await;
            fill(&log, N).await;
            log.close().await;
            let sound: Vec<String> = segments(dir.path()).iter().flat_map(|path| {
                fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
            }).collect();
            let paths = segments(dir.path());
            let victim = &paths[at.index(paths.len())];
            let mut bytes = fs::read(victim).unwrap();
            let place = at.index(bytes.len());
            match how {
                0 => bytes[place] ^= 1,
                1 => bytes.truncate(place),
                _ => fs::remove_file(victim).unwrap(),
            }
            if how < 2 {
                fs::write(victim, &bytes).unwrap();
            }
            let Repair::SetAside { seq, folder } = repair(dir.path(), clock(), person()).await.unwrap() else {
                panic!("the damage was not found");
            };
            // Every line is in the log or in the folder, as it was after the damage.
            let log = small(dir.path()).await;
            let records: Vec<_> = log.read(..).try_collect().await.unwrap();
            prop_assert_eq!(records.len() as u64, seq + 1);
            let said = &records[seq as usize];
            prop_assert_eq!(&said.event, "log.repaired");
            prop_assert!(said.data["damage"].is_string());
            let kept: BTreeSet<String> = fs::read_dir(&folder).unwrap().flat_map(|file| {
                let text = fs::read(file.unwrap().path()).unwrap();
                String::from_utf8_lossy(&text).lines().map(str::to_owned).collect::<Vec<_>>()
            }).collect();
            let now: Vec<String> = String::from_utf8(exported(&log).await).unwrap().lines().map(str::to_owned).collect();
            prop_assert_eq!(&now[..seq as usize], &sound[..seq as usize], "what was sound is as it was");
            if how == 0 {
                // One line at most is not among them: the one with the bit, or its two neighbours if that was its newline.
                let missing = sound[seq as usize..].iter().filter(|&line| !kept.contains(line)).count();
                prop_assert!(missing <= 2, "{missing} are gone");
            }
            verify(exported(&log).await.as_slice(), Some(log.head())).unwrap();
            log.close().await;
            Ok(())
        })?;
    }
}
