"""What a search was started with: one file, written once.

The harness fills it in; here the values are only kept. An unknown entry, of a
newer minor version, is passed over. Where the file lies stands here too.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

from results.format import caps, records, schema, versions
from results.format.names import check_name
from results.format.storage import Storage, StorageError


_COLUMNS = {field.name for field in schema.schema("trials")} - {"labelled_ratio"}


def path_of(search: str) -> str:
    """Path of the header of a search."""
    return f"searches/{search}.json"


def searches(storage: Storage) -> list[str]:
    """Names of all searches that have a header, sorted.

    Raises:
        StorageError: If the store cannot be listed.
    """
    names = [path.rsplit("/", 1)[-1] for path in storage.list("searches")]
    return [name[: -len(".json")] for name in names if name.endswith(".json")]


def unknown(storage: Storage, search: str) -> ValueError:
    """The sentence about a search that is not there."""
    known = ", ".join(searches(storage))
    held = f"one of {known}" if known else "a search that is there"
    return ValueError(
        f"`search` must be {held} in the store {storage.location}, got {search!r}."
    )


LATER = ("budget",)
"""Fields that headers of older versions lack; they have a default."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """The fixed facts of one search; every value can be written as JSON."""

    name: str
    """Name of the search; becomes part of paths."""
    space: dict[str, Any]
    """The search space."""
    base_config: dict[str, Any]
    """Configuration that the searched parameters are set in, by dotted name."""
    data: str
    """Which data, as the harness opens them, such as `poses:DIR`."""
    data_settings: dict[str, Any]
    """How they are cut and where they are kept."""
    data_fingerprint: str
    """Hash of the data."""
    mean_pose_mm: dict[str, float]
    """Validation error of always predicting the mean pose, by labelled ratio."""
    code_version: str
    """Version and commit of the code that started the search."""
    environment: dict[str, Any]
    """Versions and machine, from a list of allowed facts."""
    seed: int
    """Seed of the search."""
    ratios: tuple[float, ...]
    """Labelled ratios that are searched, each in (0, 1]."""
    parameters: dict[str, str]
    """Type of each searched parameter by dotted name: float, int, string, bool."""
    rules: dict[str, Any]
    """What is minimised and when a trial is stopped."""
    trials: int
    """Trials wanted when it was started."""
    created_utc: str
    """When it was started, ISO 8601."""
    budget: str | None = None
    """What bounds it instead, such as `20` full trainings or `2h`; None counts trials."""
    schema_version: str = schema.VERSION
    """Version of the schemas when it was started."""

    def __post_init__(self) -> None:
        check_name("name", self.name)
        caps.check_parameters(self.parameters)
        for name, kind in self.parameters.items():
            if kind not in schema.KINDS:
                rule = f"be one of {', '.join(schema.KINDS)}"
                raise ValueError(f"Type of `{name}` must {rule}, got {kind!r}.")
            if name in _COLUMNS:
                rule = "be none that `trials` has a column for"
                raise ValueError(f"A searched parameter must {rule}, got `{name}`.")

    def to_bytes(self) -> bytes:
        """The header as a checked record."""
        facts = dataclasses.asdict(self) | {"ratios": list(self.ratios)}
        return records.encode(facts)

    @classmethod
    def from_bytes(cls, path: str, data: bytes) -> "Header":
        """The header that `to_bytes` wrote.

        Args:
            path: Where the bytes come from, for the errors.
            data: The bytes.

        Returns:
            The header.

        Raises:
            SchemaMismatch: If a newer major version wrote it.
            StorageError: If it is damaged, or the header of another search.
        """
        record = records.decode(path, data)
        versions.check_version(path, record.get("schema_version"))
        names = [field.name for field in dataclasses.fields(cls)]
        try:
            facts: dict[str, Any] = {
                name: record[name]
                for name in names
                if name in record or name not in LATER
            }
            facts["ratios"] = tuple(facts["ratios"])
            found = cls(**facts)
        except KeyError as error:
            raise StorageError(f"`{path}` is damaged: it lacks {error}.") from error
        except (TypeError, AttributeError) as error:
            raise StorageError(f"`{path}` is damaged: it is no header.") from error
        if "/" in path and path.rpartition("/")[2] != f"{found.name}.json":
            raise StorageError(
                f"`{path}` is damaged: it is the header of another search."
            )
        return found
