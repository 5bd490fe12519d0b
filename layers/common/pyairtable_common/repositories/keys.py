"""Where everything lies: the text of every partition and sort key, and nothing else.

Every partition key begins with the id of the scope that owns the item.
"""

from pyairtable_common.repositories.ports import Key, Table

EVENTS_PER_PARTITION = 4096
_SEQUENCE_DIGITS = 12
_TIME_DIGITS = 15


# identity: users, credentials, sessions, tokens


def user(user_id: str) -> Key:
    return Key(Table.IDENTITY, user_id, "USER")


def credentials(user_id: str) -> Key:
    return Key(Table.IDENTITY, user_id, "CREDENTIALS")


def profile(user_id: str) -> Key:
    return Key(Table.IDENTITY, user_id, "PROFILE")


def preferences(user_id: str) -> Key:
    return Key(Table.IDENTITY, user_id, "PREFERENCES")


def session(user_id: str, session_id: str) -> Key:
    return Key(Table.IDENTITY, user_id, f"{SESSIONS}{session_id}")


def personal_token(user_id: str, token_id: str) -> Key:
    return Key(Table.IDENTITY, user_id, f"{PERSONAL_TOKENS}{token_id}")


def credential_id(key: Key) -> str:
    """The id of the session or the personal access token that lies there."""
    return key.sk.partition("#")[2]


def link(owner: str, name: str) -> Key:
    """What a mailed link stands for: an account's, or, where there is none yet, an address'."""
    return Key(Table.IDENTITY, owner, f"{LINKS}{name}")


def token_use(user_id: str, token_id: str) -> Key:
    """When a personal access token was used last: the one part of identity that every service may write."""
    return Key(Table.IDENTITY, f"{user_id}#USE", token_id)


def second_factor(user_id: str) -> Key:
    return Key(Table.IDENTITY, user_id, "MFA")


def email(address_digest: str) -> Key:
    """Holds a normalised address' digest for one user, so that no two share it."""
    return Key(Table.IDENTITY, f"email:{address_digest}", EMAIL_OWNER)


def familiar_network(account: str, network: str) -> Key:
    """A network from which somebody has signed in to an account; both are digests."""
    return Key(Table.IDENTITY, f"sign-in:{account}", f"FROM#{network}")


SESSIONS = "SES#"
LINKS = "LINK#"
EMAIL_OWNER = "USER"
PERSONAL_TOKENS = "PAT#"
COUNTERS = "limit:"
"""What the partition keys of rate limits' counters begin with; roles of services name it."""


# tenancy: workspaces and who is in them


def workspace(workspace_id: str) -> Key:
    return Key(Table.TENANCY, workspace_id, "HEAD")


def member(workspace_id: str, user_id: str) -> Key:
    return Key(Table.TENANCY, workspace_id, f"{MEMBERS}{user_id}")


def workspace_base(workspace_id: str, base_id: str) -> Key:
    return Key(Table.TENANCY, workspace_id, f"{WORKSPACE_BASES}{base_id}")


def user_workspace(user_id: str, workspace_id: str) -> Key:
    """The other way round of ``member``: a user's workspaces."""
    return Key(Table.TENANCY, user_id, f"{USER_WORKSPACES}{workspace_id}")


def invite(workspace_id: str, invite_id: str) -> Key:
    return Key(Table.TENANCY, workspace_id, f"{INVITES}{invite_id}")


def collaborator(workspace_id: str, base_id: str, user_id: str) -> Key:
    return Key(Table.TENANCY, workspace_id, f"{collaborators(base_id)}{user_id}")


def collaborators(base_id: str) -> str:
    """What the sort keys of a base's collaborators begin with, in its workspace's partition."""
    return f"COL#{base_id}#"


def user_base(user_id: str, base_id: str) -> Key:
    """The other way round of ``collaborator``: the bases that a user has a role of their own in."""
    return Key(Table.TENANCY, user_id, f"{USER_BASES}{base_id}")


def slug(text: str) -> Key:
    """Holds a slug for one workspace, so that no two share it."""
    return Key(Table.TENANCY, f"slug:{text}", "WORKSPACE")


MEMBERS = "MEM#"
INVITES = "INV#"
WORKSPACE_BASES = "BASE#"
USER_WORKSPACES = "WSP#"
USER_BASES = "COL#"


# bases: everything inside a base


def base(base_id: str) -> Key:
    return Key(Table.BASES, base_id, "HEAD")


def table_schema(base_id: str, table_id: str) -> Key:
    return Key(Table.BASES, base_id, f"{TABLE_SCHEMAS}{table_id}")


def record(base_id: str, table_id: str, record_id: str) -> Key:
    return Key(Table.BASES, records(base_id, table_id), record_id)


def records(base_id: str, table_id: str) -> str:
    """The partition of a table's records; sort keys are their ids."""
    return f"{base_id}#{table_id}"


TABLE_SCHEMAS = "TBL#"


# event logs and receipts, of bases and workspaces


def events(owner_id: str, sequence: int) -> str:
    """The partition that holds the event of this number."""
    return f"{owner_id}#EV#{sequence // EVENTS_PER_PARTITION:08d}"


def event(table: Table, owner_id: str, sequence: int, part: int = 0) -> Key:
    """One part of an event; events too large for one item lie in several."""
    return Key(table, events(owner_id, sequence), f"{sequence:0{_SEQUENCE_DIGITS}d}#{part:02d}")


def event_bound(sequence: int) -> str:
    """A sort key just below every part of the event of this number."""
    return f"{sequence:0{_SEQUENCE_DIGITS}d}"


def account_partitions(user_id: str) -> tuple[str, ...]:
    """Everything in identity that lies under an account, but for what is being done to it."""
    return user_id, f"{user_id}#USE", f"{user_id}#ID"


def receipt(table: Table, owner_id: str, operation_id: str) -> Key:
    """What a client's Idempotency-Key got for an answer."""
    return Key(table, f"{owner_id}#ID", operation_id)


def receipt_part(receipt: Key, version: int, number: int) -> Key:
    """A part of an answer too large for the receipt itself."""
    return Key(receipt.table, receipt.pk, f"{receipt.sk}#{version}#{number:02d}")


# sagas


def saga(table: Table, owner_id: str, saga_id: str) -> Key:
    """How far a saga is."""
    return Key(table, f"{owner_id}#SG", saga_id)


def agenda(name: str) -> str:
    """The partition that holds the sagas of one kind in the order of when to go on with them."""
    return f"agenda:{name}"


def agenda_entry(table: Table, name: str, wake_ms: int, owner_id: str, saga_id: str) -> Key:
    return Key(table, agenda(name), f"{wake_ms:0{_TIME_DIGITS}d}#{owner_id}#{saga_id}")


def sequence_of(key: Key) -> int:
    """The number of the event that this item is a part of."""
    return int(key.sk.partition("#")[0])
