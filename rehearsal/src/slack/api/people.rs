//! `auth.test`, `users.info` and `usergroups.users.list`: who is who.

use serde_json::{Value, json};

use super::super::settings::Account;
use super::super::state::State;
use super::arguments::Arguments;
use super::refusal::Refusal;

/// Without it, profiles come without an address: <https://docs.slack.dev/reference/scopes/users.read.email>.
pub(super) const EMAIL_SCOPE: &str = "users:read.email";

/// <https://docs.slack.dev/reference/methods/auth.test>
pub(super) fn auth_test(state: &State) -> Value {
    let settings = &state.settings;
    json!({
        "ok": true,
        "url": format!("https://{}.slack.com/", settings.team.domain),
        "team": settings.team.name,
        "team_id": settings.team.id,
        "user": settings.app.name.to_lowercase(),
        "user_id": settings.app.user_id,
        "bot_id": settings.app.bot_id,
        "enterprise_id": state.organization.as_ref().map(|organization| &organization.id),
        "is_enterprise_install": state.is_org_wide(),
    })
}

/// <https://docs.slack.dev/reference/methods/users.info>
pub(super) fn info(state: &State, arguments: &Arguments) -> Result<Value, Refusal> {
    let person = state.person(arguments.required("user")?).ok_or(Refusal::UserNotFound)?;
    let is_stranger = !person.is_of(&state.settings.team);
    let mut user = json!({
        "id": person.id,
        "team_id": person.team_id,
        "name": person.name,
        "real_name": person.real_name,
        "deleted": person.account == Account::Deactivated,
        "color": "9f69e7",
        "tz": person.zone.name,
        "tz_label": person.zone.label,
        "tz_offset": person.zone.offset,
        "is_admin": false,
        "is_owner": false,
        "is_primary_owner": false,
        "is_restricted": matches!(person.account, Account::Guest | Account::SingleChannelGuest),
        "is_ultra_restricted": person.account == Account::SingleChannelGuest,
        "is_bot": person.account == Account::Bot,
        "is_app_user": false,
        "is_stranger": is_stranger,
        "updated": 1_700_000_000,
        "profile": {
            "title": person.title,
            "real_name": person.real_name,
            "real_name_normalized": person.real_name,
            "display_name": person.name,
            "display_name_normalized": person.name,
            "phone": "",
            "team": person.team_id,
        },
    });
    if let Some(organization) = &state.organization {
        let teams: Vec<&String> = [&person.team_id].into_iter().chain(&person.also_in).collect();
        user["enterprise_user"] = json!({
            "id": person.id,
            "enterprise_id": organization.id,
            "enterprise_name": organization.name,
            "teams": teams,
        });
    }
    if state.scopes.contains(EMAIL_SCOPE) && !is_stranger {
        user["profile"]["email"] = json!(person.email);
    }
    Ok(json!({"ok": true, "user": user}))
}

/// <https://docs.slack.dev/reference/methods/usergroups.users.list>
pub(super) fn usergroup_members(state: &State, arguments: &Arguments) -> Result<Value, Refusal> {
    let members = state.usergroups.get(arguments.required("usergroup")?).ok_or(Refusal::NoSuchSubteam)?;
    Ok(json!({"ok": true, "users": members}))
}
