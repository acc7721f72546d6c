//! The stacks of `deploy/`, applied by real Terraform.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    deployment::checked::{Terraform, copy},
    emulator::Emulators,
    process::succeeds,
};

/// Settings and stack, in the order of the first applies.
pub(super) const STACKS: [(&str, &str); 8] = [
    ("examples", "bootstrap"),
    ("examples", "certificates"),
    ("examples/us-east-1", "platform"),
    ("examples/us-west-2", "platform"),
    ("examples", "dns"),
    ("examples/us-east-1", "workloads/api"),
    ("examples/us-west-2", "workloads/api"),
    STANDBY,
];
/// The stack of the bot itself. An emulator starts neither an instance nor a task, and takes what both are described by.
pub(super) const STANDBY: (&str, &str) = ("examples/us-west-2", "standby");
/// The bot as a task.
const TASK: &str = "\nfargate = {\n  image = \"123456789012.dkr.ecr.us-west-2.amazonaws.com/standby@sha256:DIGEST\"\n  \
                    watch_image = \"123456789012.dkr.ecr.us-west-2.amazonaws.com/standby-watch@sha256:DIGEST\"\n  \
                    secrets = [\"bot-token\", \"signing-secret\", \"audit-key\"]\n}\nprogram = null\n";
/// The one image of Amazon Linux 2023 that ministack names.
const AMI: &str = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";
/// What the instance needs otherwise: neither emulator knows Data Lifecycle Manager, and moto does not know how large an image's disk is.
const INSTANCE: &str = r#"
resource "aws_dlm_lifecycle_policy" "log" {
  count = 0
}
resource "aws_launch_template" "host" {
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_size = 8
    }
  }
}
"#;
/// And the task: ministack forgets the argument.
const SERVICE: &str = r#"
resource "aws_ecs_service" "bot" {
  lifecycle {
    ignore_changes = [availability_zone_rebalancing]
  }
}
"#;
/// Plans that are made at once.
const AT_ONCE: usize = 4;
/// Where the S3 backend finds an emulator's bucket.
const BACKEND: [&str; 4] = [
    "use_path_style = true",
    "skip_credentials_validation = true",
    "skip_requesting_account_id = true",
    "skip_metadata_api_check = true",
];

/// What a stack would change: by resource, the actions and the arguments that differ.
pub(super) type Wanted = BTreeMap<String, BTreeSet<String>>;

/// The stacks of `deploy/`, in a copy that knows the emulators.
pub(super) struct Stacks<'a> {
    terraform: Terraform,
    folder: PathBuf,
    emulators: &'a Emulators,
}

impl<'a> Stacks<'a> {
    pub(super) fn new(work: &Path, emulators: &'a Emulators, zone: &str) -> Self {
        let folder = copy(work);
        let stacks = Self { terraform: Terraform::new(), folder, emulators };
        stacks.edit("examples/backend.hcl", |text| format!("{text}{}\n", BACKEND.join("\n")));
        stacks.edit("examples/certificates.tfvars", |text| {
            text.replace("Z0123456789SHOP", zone).replace("app.shop.example", "app.shop.test")
        });
        stacks.edit("examples/us-west-2/standby.tfvars", |text| format!("{text}ami_parameter = {AMI:?}\n"));
        for (module, otherwise) in [("instance", INSTANCE), ("task", SERVICE)] {
            std::fs::write(stacks.folder.join(format!("modules/{module}/emulator_override.tf")), otherwise).unwrap();
        }
        for (_, stack) in STACKS.iter().filter(|(_, stack)| *stack != "certificates") {
            std::fs::write(stacks.folder.join(stack).join("emulator_override.tf"), overrides(stack)).unwrap();
        }
        stacks
    }

    fn edit(&self, file: &str, edit: impl Fn(&str) -> String) {
        let path = self.folder.join(file);
        std::fs::write(&path, edit(&std::fs::read_to_string(&path).unwrap())).unwrap();
    }

    pub(super) fn run(&self, settings: &str, stack: &str, args: &[&str]) -> String {
        eprintln!("stack {settings} {stack} {}", args.join(" "));
        let mut command = self.terraform.command(self.folder.join("stack"));
        command.current_dir(&self.folder).args([settings, stack]).args(args).env("TF_CLI_ARGS", "-no-color");
        command.env("AWS_ENDPOINT_URL", &self.emulators.ministack);
        // The S3 backend knows the service's own variable alone.
        command.env("AWS_ENDPOINT_URL_S3", &self.emulators.ministack);
        let of_moto = [
            "ACM",
            "APIGATEWAYV2",
            "APPLICATION_AUTO_SCALING",
            "AUTO_SCALING",
            "EC2",
            "ELASTIC_LOAD_BALANCING_V2",
            "SECRETS_MANAGER",
        ];
        for service in of_moto {
            command.env(format!("AWS_ENDPOINT_URL_{service}"), &self.emulators.moto);
        }
        command.env("AWS_MAX_ATTEMPTS", "3");
        succeeds(command)
    }

    /// Has a task in the place of the bot's instance, as the stack's README says.
    pub(super) fn turn_into_a_task(&self) {
        let (settings, stack) = STANDBY;
        self.run(settings, stack, &["state", "rm", "module.instance[0].aws_ebs_volume.log"]);
        self.run(
            settings,
            stack,
            &["destroy", "-target", "module.instance[0].aws_autoscaling_group.host", "-auto-approve"],
        );
        self.edit(&format!("{settings}/{stack}.tfvars"), |text| {
            let (before, rest) = text.split_once("program = {").unwrap();
            let (_, after) = rest.split_once("}\n").unwrap();
            format!("{before}{after}{}", TASK.replace("DIGEST", &"0".repeat(64)))
        });
        self.run(settings, stack, &["apply", "-auto-approve"]);
    }

    /// Runs the command that the bot printed, as it printed it.
    pub(super) fn carry_out(&self, message: &str) {
        let command = message.split_once("terraform/stack ").unwrap_or_else(|| panic!("{message}")).1;
        let words: Vec<&str> = command.split(['\n', '`']).next().unwrap().split_whitespace().collect();
        let [settings, stack, args @ ..] = words.as_slice() else { panic!("{command}") };
        assert_eq!(args, ["apply", "-var", "is_aurora_secondary=true", "-var", "aurora_source_region=us-west-2"]);
        self.run(settings, stack, &[args, &["-auto-approve"]].concat());
    }

    fn outputs(&self, settings: &str, stack: &str) -> Value {
        serde_json::from_str(&self.run(settings, stack, &["output", "-json"])).unwrap()
    }

    /// What the stacks' outputs tell of the pair.
    pub(super) fn describe(&self) -> Value {
        let side = |region: &str| {
            let settings = format!("examples/{region}");
            let platform = self.outputs(&settings, "platform");
            let site = json!({
                "region": region,
                "db_cluster": platform["database"]["value"]["cluster"],
                "endpoint": platform["endpoint"]["value"],
            });
            (site, platform)
        };
        let (primary, _) = side("us-east-1");
        let (dr, platform) = side("us-west-2");
        json!({
            "global_cluster": platform["database"]["value"]["global_cluster"],
            "record": self.outputs("examples", "dns")["record"]["value"],
            "primary": primary,
            "dr": dr,
        })
    }

    /// What every stack would change now. Most of a plan's time is waiting, so some are made at once.
    pub(super) fn wanted(&self) -> Wanted {
        let mut wanted = Wanted::new();
        for some in STACKS.chunks(AT_ONCE) {
            std::thread::scope(|scope| {
                let plans: Vec<_> =
                    some.iter().map(|(settings, stack)| scope.spawn(|| self.plan(settings, stack))).collect();
                plans.into_iter().for_each(|plan| wanted.extend(plan.join().unwrap()));
            });
        }
        wanted
    }

    pub(super) fn plan(&self, settings: &str, stack: &str) -> Wanted {
        let plan = self.folder.join(format!("{settings}-{stack}.plan").replace('/', "-"));
        self.run(settings, stack, &["plan", &format!("-out={}", plan.display())]);
        let shown = self.run(settings, stack, &["show", "-json", plan.to_str().unwrap()]);
        let shown: Value = serde_json::from_str(&shown).unwrap();
        let changes = shown["resource_changes"].as_array().into_iter().flatten();
        let differing = changes.map(|change| {
            let resource = format!("{settings} {stack} {}", change["address"].as_str().unwrap());
            (resource, differences(&change["change"]))
        });
        differing.filter(|(_, changes)| !changes.is_empty()).collect()
    }
}

/// The actions of a change, and the arguments that it changes; none if it changes nothing.
fn differences(change: &Value) -> BTreeSet<String> {
    let actions: Vec<&str> = change["actions"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if matches!(actions.as_slice(), ["no-op"] | ["read"]) {
        return BTreeSet::new();
    }
    let arguments = change["after"].as_object().into_iter().flatten();
    let differing = arguments.filter(|(name, value)| change["before"][name.as_str()] != **value);
    differing.map(|(name, _)| name.clone()).chain([actions.join(" and ")]).collect()
}

/// What an emulator needs otherwise: paths instead of host names for buckets, and what it forgets not held against it.
fn overrides(stack: &str) -> String {
    let state = |name: &str, key: &str| {
        format!(
            "\ndata \"terraform_remote_state\" {name:?} {{\n  config = {{\n    bucket = var.state.bucket\n    region = var.state.region\n    key = {key:?}\n    {}\n  }}\n}}\n",
            BACKEND.join("\n    ")
        )
    };
    let certificates = state("certificates", "certificates/terraform.tfstate");
    let states = match stack {
        // ministack keeps no key of a cache, and would have it replaced by every apply.
        "platform" => format!(
            "{certificates}\nresource \"aws_elasticache_replication_group\" \"this\" {{\n  lifecycle {{\n    ignore_changes = [kms_key_id, auto_minor_version_upgrade, apply_immediately]\n  }}\n}}\n"
        ),
        "dns" => format!("{certificates}{}", state("primary", "platform/${var.primary_region}/terraform.tfstate")),
        "workloads/api" => state("platform", "platform/${var.region}/terraform.tfstate"),
        "standby" => format!(
            "{}{}",
            state("platform", "platform/${each.value}/terraform.tfstate"),
            state("dns", "dns/terraform.tfstate")
        ),
        _ => String::new(),
    };
    format!("provider \"aws\" {{\n  s3_use_path_style = true\n}}\n{states}")
}
