"""The process that reads one sheet: opens the workbook, takes the sheet, and has its table written."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import python_calamine as calamine

from deita_engine.shapes import EngineError

from .answering import answering
from .sheet_errors import Errors, error_cells


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """`{sheets, sheet}` and what `SheetTable.written` says; the rows (the first `rows` of them) are in the folder's
    `rows.arrow`.
    """
    arrow = threading.Thread(target=_import_arrow)  # while the workbook is parsed, which holds no lock
    arrow.start()
    sheets, sheet, errors = _sheet(Path(request["path"]), request)
    arrow.join()
    if sheet.start is None:
        raise EngineError("file_empty", f"The sheet {sheet.name} has no cells.", details={"sheets": sheets})
    from .sheet_table import SheetTable

    return SheetTable(sheet, errors.result(), request).written() | {"sheets": sheets, "sheet": sheet.name}


class _Errors(threading.Thread):
    """Looks for the errors of a sheet while it is parsed."""

    def __init__(self, path: Path, format: str, sheet: str) -> None:
        super().__init__()
        self._sought = (path, format, sheet)
        self._found: Errors | None = None
        self.start()

    def run(self) -> None:
        """What the thread does."""
        self._found = error_cells(*self._sought)

    def result(self) -> Errors:
        """Wait for them; raises MemoryError when they did not fit."""
        self.join()
        if self._found is None:
            raise MemoryError
        return self._found


def _import_arrow() -> None:
    import pyarrow  # noqa: F401


def _sheet(path: Path, request: dict[str, Any]) -> tuple[list[str], calamine.CalamineSheet, _Errors]:
    name = request.get("sheet")
    try:
        with path.open("rb") as file:
            book = calamine.CalamineWorkbook.from_filelike(file)
            known = [meta for meta in book.sheets_metadata if meta.typ == calamine.SheetTypeEnum.WorkSheet]
            seen = [meta.name for meta in known if meta.visible == calamine.SheetVisibleEnum.Visible]
            sheets = seen or [meta.name for meta in known]
            names = [meta.name for meta in known]
            if name is not None and name not in names:
                raise EngineError(
                    "bad_recipe", f"There is no sheet {name}.", details={"field": "sheet", "sheets": sheets}
                )
            for candidate in [name] if name is not None else sheets:
                errors = _Errors(path, request["format"], candidate)
                sheet = book.get_sheet_by_name(candidate)
                if sheet.start is not None or name is not None:
                    return sheets, sheet, errors
    except calamine.PasswordError as error:
        message = "The workbook is protected by a password."
        raise EngineError("file_encrypted", message, "Save it without a password and upload it again.") from error
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise EngineError("file_unreadable", "The workbook is damaged or ends too early.") from error
    raise EngineError("file_empty", "The workbook has no cells.")


if __name__ == "__main__":
    answering(answer)
