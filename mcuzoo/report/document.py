"""A run as a JSON document."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from mcuzoo.link.state import LinkState
from mcuzoo.run.latency import Latency
from mcuzoo.run.predictions import prediction_dict
from mcuzoo.run.record import Row, Status
from mcuzoo.run.score import Accuracy
from mcuzoo.run.summary import RunSummary, predictions_of

SCHEMA = 1


def run_document(run: Path, summary: RunSummary) -> dict[str, object]:
    """The whole summary, as `--json` prints it. What was not measured is null."""
    meta = summary.meta
    return {
        "schema": SCHEMA,
        "run": str(run),
        "started": meta.started,
        "tool_version": meta.tool_version,
        "model": meta.model,
        "board": asdict(meta.board),
        "settings": asdict(meta.settings),
        "preprocessing": asdict(meta.preprocessing),
        "images": {
            "total": len(summary.rows),
            **{status.value: summary.counts[status] for status in Status},
        },
        "n": summary.counts[Status.DONE],
        "top1": None if summary.top1 is None else summary.top1.value,
        "top5": None if summary.top5 is None else summary.top5.value,
        "accuracy": {"top1": _accuracy(summary.top1), "top5": _accuracy(summary.top5)},
        "classes": [
            {
                "label": score.label,
                "name": None if meta.class_names is None else meta.class_names[score.label],
                "top1": _accuracy(score.top1),
            }
            for score in summary.classes
        ],
        "reference": None if summary.agreement is None else asdict(summary.agreement),
        "wrong_layer": None if meta.wrong_layer is None else asdict(meta.wrong_layer),
        "stack": None if meta.stack is None else asdict(meta.stack),
        "latency": _latency(summary.latency),
        "images_per_second": summary.images_per_second,
        "resent": summary.resent,
        "line": _line(meta.link, summary.resent),
        "predictions": [
            prediction_dict(one, meta.class_names) for one in predictions_of(summary.rows)
        ],
        "failed": [_failure(row) for row in summary.rows if row.error is not None],
        "verdict": {
            "passed": summary.verdict.passed,
            "broke": None if summary.verdict.broke is None else summary.verdict.broke.value,
            "exit_code": summary.verdict.exit_code,
            "reasons": summary.verdict.reasons,
            "warnings": summary.verdict.warnings,
        },
    }


def _accuracy(accuracy: Accuracy | None) -> dict[str, object] | None:
    if accuracy is None:
        return None
    low, high = accuracy.interval
    return {
        "correct": accuracy.correct,
        "total": accuracy.total,
        "value": accuracy.value,
        "low95": low,
        "high95": high,
    }


def _line(link: LinkState | None, images_resent: int) -> dict[str, object] | None:
    """What the line lost, over all sessions of the run; null in runs of before."""
    if link is None:
        return None
    return {
        "frames_sent": link.frames_sent,
        "frames_resent": link.frames_resent,
        "bad_frames_at_host": link.bad_frames,
        "bad_frames_at_board": link.board_bad_frames,
        "bytes_lost_by_board": link.board_lost_bytes,
        "images_resent": images_resent,
        "reconnects": link.reconnects,
        "chunk_bytes": link.chunk_bytes,
        "smallest_chunk_bytes": link.smallest_chunk_bytes,
    }


def _latency(latency: Latency | None) -> dict[str, object] | None:
    return None if latency is None else {**asdict(latency), "median_ms": latency.median_ms}


def _failure(row: Row) -> dict[str, object]:
    return {"index": row.index, "file": row.file, "status": row.status.value, "error": row.error}
