//! What can be read off the files alone, without Terraform.

use std::{fmt::Write as _, path::Path};

use super::{configurations, files, folder};

/// A block at the beginning of a line: `resource "aws_iam_role" "task" {…}`.
struct Block {
    /// Such as `resource aws_iam_role task`.
    head: String,
    body: String,
}

fn blocks(file: &Path) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut open = false;
    for line in std::fs::read_to_string(file).unwrap_or_default().lines() {
        if let Some(head) = line.strip_suffix(" {").filter(|head| !head.starts_with([' ', '#']) && !open) {
            found.push(Block { head: head.replace('"', ""), body: String::new() });
            open = true;
        } else if line == "}" {
            open = false;
        } else if open && let Some(block) = found.last_mut() {
            writeln!(block.body, "{line}").unwrap();
        }
    }
    found
}

/// The value of an argument of the block itself.
fn argument<'a>(block: &'a Block, name: &str) -> Option<&'a str> {
    block.body.lines().find_map(|line| line.strip_prefix("  ")?.strip_prefix(name)?.trim_start().strip_prefix("= "))
}

#[test]
fn every_readme_lists_its_inputs_and_outputs() {
    for folder in configurations() {
        let text = std::fs::read_to_string(folder.join("README.md"));
        let text = text.unwrap_or_else(|_| panic!("{} has no README.md", folder.display()));
        let mut expected = Vec::new();
        for block in blocks(&folder.join("variables.tf")).iter().chain(&blocks(&folder.join("outputs.tf"))) {
            let (kind, name) = block.head.split_once(' ').unwrap();
            let what = argument(block, "description");
            let what =
                what.unwrap_or_else(|| panic!("{} {name} has no description", folder.display())).trim_matches('"');
            match kind {
                "variable" => {
                    assert!(argument(block, "type").is_some(), "{} {name} has no type", folder.display());
                    let must = if argument(block, "default").is_some() { "no" } else { "yes" };
                    expected.push(format!("| `{name}` | {what} | {must} |"));
                }
                "output" => expected.push(format!("| `{name}` | {what} |")),
                other => panic!("{}: {other} among the variables and outputs", folder.display()),
            }
        }
        let listed: Vec<&str> =
            text.lines().filter(|line| line.starts_with("| `") && !line.contains("` | describe ")).collect();
        let listed: Vec<&str> = listed
            .into_iter()
            .filter(|line| expected.iter().any(|row| row == line) || is_table_row(&text, line))
            .collect();
        assert_eq!(
            listed,
            expected,
            "{}/README.md: its tables are not what variables.tf and outputs.tf say",
            folder.display()
        );
    }
}

/// Whether a row stands below *Inputs* or *Outputs*.
fn is_table_row(text: &str, row: &str) -> bool {
    text.split("\n## ")
        .filter(|part| part.starts_with("Inputs") || part.starts_with("Outputs"))
        .any(|part| part.contains(row))
}

#[test]
fn only_iam_names_carry_the_suffix() {
    let mut carried = 0;
    for file in files(&folder().join("terraform"), ".tf") {
        for block in blocks(&file).iter().filter(|block| block.head.starts_with("resource ")) {
            if block.body.contains("name_suffix") {
                assert!(block.head.starts_with("resource aws_iam_"), "{}: {}", file.display(), block.head);
                carried += 1;
            }
        }
    }
    assert!(carried >= 4, "{carried}");
}

#[test]
fn every_iam_role_of_what_is_in_both_regions_carries_the_suffix() {
    let terraform = folder().join("terraform");
    let of_one_region = ["standby", "modules/instance", "modules/roles", "modules/task", "modules/zone-role"]
        .map(|folder| terraform.join(folder));
    for file in
        files(&terraform, ".tf").iter().filter(|file| !of_one_region.iter().any(|folder| file.starts_with(folder)))
    {
        for block in blocks(file).iter().filter(|block| block.head.starts_with("resource aws_iam_role ")) {
            assert!(block.body.contains("${var.name_suffix}"), "{}: {}", file.display(), block.head);
        }
    }
}

#[test]
fn no_region_owns_a_record() {
    let terraform = folder().join("terraform");
    let homes = [terraform.join("dns"), terraform.join("certificates")];
    let mut records = Vec::new();
    for file in files(&terraform, ".tf") {
        for block in blocks(&file).into_iter().filter(|block| block.head.starts_with("resource aws_route53_record ")) {
            assert!(homes.iter().any(|home| file.starts_with(home)), "{} has {}", file.display(), block.head);
            records.push(block);
        }
    }
    let app = records.iter().find(|block| block.head.ends_with(" app")).unwrap();
    assert!(
        app.body.contains("ignore_changes = [alias]") && app.body.contains("prevent_destroy = true"),
        "{}",
        app.body
    );
}

/// What the bot moves is ignored by every apply.
#[test]
fn applies_leave_alone_what_the_bot_moves() {
    let terraform = folder().join("terraform");
    let moved = [
        ("modules/service/main.tf", "aws_ecs_service this", vec!["desired_count"]),
        (
            "modules/service/main.tf",
            "aws_appautoscaling_target this",
            vec!["min_capacity", "max_capacity", "suspended_state"],
        ),
        ("modules/ingress/balancer.tf", "aws_lb_listener https", vec!["default_action"]),
        (
            "modules/database/main.tf",
            "aws_rds_cluster this",
            vec![
                "global_cluster_identifier",
                "source_region",
                "database_name",
                "master_username",
                "master_password_wo_version",
            ],
        ),
    ];
    for (file, resource, arguments) in moved {
        let blocks = blocks(&terraform.join(file));
        let block = blocks.iter().find(|block| block.head == format!("resource {resource}")).unwrap();
        let ignored = block.body.split_once("ignore_changes").unwrap().1;
        for argument in arguments {
            assert!(ignored.contains(argument), "{resource} does not ignore {argument}");
        }
    }
}
