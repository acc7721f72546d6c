//! What administrators do, and what Slack itself suffers: all of it at any moment.

use super::fault::Fault;
use super::settings::{Organization, Person};
use super::{PersonError, Slack};

impl Slack {
    /// Says who is in a user group from now on.
    pub fn set_usergroup(&self, id: &str, members: &[&str]) {
        let members = members.iter().map(|&member| member.to_owned()).collect();
        self.change(|state| state.usergroups.insert(id.to_owned(), members));
    }

    /// Changes a person's account or profile.
    pub fn change_person(&self, id: &str, change: impl FnOnce(&mut Person)) -> Result<(), PersonError> {
        self.change(|state| {
            let person = state.people.iter_mut().find(|person| person.id == id);
            person.map(change).ok_or_else(|| PersonError::UnknownPerson(id.to_owned()))
        })
    }

    /// Makes the workspace part of an organization.
    pub fn join_organization(&self, organization: Organization) {
        self.change(|state| state.organization = Some(organization));
    }

    /// Says what the app's token may do from now on.
    pub fn set_scopes(&self, scopes: &[&str]) {
        self.change(|state| state.scopes = scopes.iter().map(|&scope| scope.to_owned()).collect());
    }

    /// Lets the workspace know nothing of these blocks, as one does to which Slack has not brought them yet.
    pub fn forget_blocks(&self, kinds: &[&str]) {
        self.change(|state| state.unknown_blocks = kinds.iter().map(|&kind| kind.to_owned()).collect());
    }

    /// Archives a channel.
    pub fn archive(&self, channel: &str) {
        self.change(|state| state.archived.insert(channel.to_owned()));
    }

    /// Takes a channel out of the archive.
    pub fn unarchive(&self, channel: &str) {
        self.change(|state| state.archived.remove(channel));
    }

    /// Removes the app from a channel.
    pub fn remove_app(&self, channel: &str) {
        self.change(|state| state.joined.remove(channel));
    }

    /// Invites the app to a channel.
    pub fn invite_app(&self, channel: &str) {
        self.change(|state| state.joined.insert(channel.to_owned()));
    }

    /// Deletes a message.
    pub fn delete_message(&self, channel: &str, ts: &str) {
        self.change(|state| state.delete(channel, ts));
    }

    /// Makes Slack misbehave.
    pub fn fault(&self, fault: Fault) {
        self.change(|state| state.faults.inject(fault));
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.change(|state| state.faults.clear());
    }
}
