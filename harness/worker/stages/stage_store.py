"""Products of pre-training on disk, shared by all trials of all searches.

A product is a folder named by its key, with the networks in the format of
`cnets.training.state` and a sealed record of what it was made of and who paid. It is written
aside and renamed, so it is whole or not there, and checked whenever it is read.
`results.checking.verify` checks both files too.
"""

import contextlib
import os
import re
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnets import sealed
from cnets.training import state
from cnets.training.lanes.lane import Lane
from cnets.training.sharing import stage_keys
from cnets.training.sharing.stage_keys import StageKey


RECORD = "product.json"
"""What a product was made of, and by whom."""

PAYER = r"[\w-]*/[\w-]{1,200}"
"""What a payer may be called: it goes into the log of other searches."""

CLAIMS, MAKING, GONE = ".claims", ".making-", ".gone-"
"""Folder of claims, and beginnings of the names of folders that come and go."""


@dataclass(frozen=True, kw_only=True)
class Product:
    """What a stage left behind, and who trained it."""

    lane: Lane
    """A lane with the networks of the stage alone."""
    payer: str
    """Search and trial, such as `first/t-00001`."""


class StageStore:
    """The products in a folder."""

    def __init__(self, folder: Path) -> None:
        """Use a folder; it is made when something is stored.

        Args:
            folder: Seen by all workers, such as `stages` of a store.
        """
        self.folder = folder

    def path(self, key: StageKey) -> Path:
        """Where a product lies, if it is there."""
        return self.folder / key.digest

    def claim_path(self, key: StageKey) -> Path:
        """The claim on a product; see `stage_claims`."""
        return self.folder / CLAIMS / f"{key.digest}.json"

    def find(self, key: StageKey, device: str = "cpu") -> Product | None:
        """A product that is there and sound; None if there is none.

        Args:
            key: Its key.
            device: Where its tensors are wanted.

        Raises:
            Damaged: If it is there and not as it was written.
            OSError: If it cannot be read.
        """
        path = self.path(key)
        if not path.is_dir():
            return None
        try:
            record = sealed.decode((path / RECORD).read_bytes())
            payer = record["payer"]
            lane = state.load_lane(path, device)
        except FileNotFoundError as error:
            raise state.Damaged(f"{path} lacks {RECORD}.") from error
        except state.Damaged:
            raise
        except (ValueError, KeyError) as error:
            raise state.Damaged(f"{path} is damaged: {error}.") from error
        named = isinstance(payer, str) and re.fullmatch(PAYER, payer, re.ASCII)
        if record.get("key") != key.digest or not named:
            raise state.Damaged(f"{path / RECORD} is that of another product.")
        return Product(lane=lane, payer=payer)

    def put(self, key: StageKey, product: Lane, payer: str, **facts: Any) -> bool:
        """Store a product, durably.

        Args:
            key: Its key.
            product: See `stage_keys.product`.
            payer: Search and trial that trained it.
            facts: More for the record, such as the seconds it took.

        Returns:
            Whether it was stored: False if another was quicker, or if a number
            in it is not finite.

        Raises:
            OSError: If it cannot be written; then nothing is left behind.
        """
        if self.path(key).exists() or not stage_keys.finite(product):
            return False
        aside = self.folder / f"{MAKING}{uuid.uuid4().hex}"
        record = {
            "version": stage_keys.VERSION,
            "key": key.digest,
            "stage": key.stage,
            "inputs": dict(key.inputs),
            "payer": payer,
            **facts,
        }
        try:
            state.save_lane(product, aside)
            with (aside / RECORD).open("wb") as file:
                file.write(sealed.encode(record))
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                aside.rename(self.path(key))
        except OSError:
            if not self.path(key).exists():
                raise
        finally:
            stored = not aside.exists()
            shutil.rmtree(aside, ignore_errors=True)
        return stored

    def remove(self, key: StageKey) -> None:
        """Take a damaged product away, so that it is made again."""
        gone = self.folder / f"{GONE}{uuid.uuid4().hex}"
        with contextlib.suppress(OSError):
            self.path(key).rename(gone)
            shutil.rmtree(gone)
