"""Dates, times and periods, in the ways that forms write them."""

from __future__ import annotations

from datetime import date, timedelta

from ml_server.training.synthetic.values_source import Source

_ENGLISH = (
    "{m}/{d}/{yy}",
    "{mm}/{dd}/{yyyy}",
    "{month} {d}, {yyyy}",
    "{mon} {d}, {yyyy}",
    "{mon}. {d}, {yyyy}",
    "{d} {month} {yyyy}",
    "{dd}-{mon}-{yy}",
    "{dd}-{MON}-{yyyy}",
    "{yyyy}-{mm}-{dd}",
    "{m}-{d}-{yy}",
    "{mm}.{dd}.{yyyy}",
    "{dd}/{mm}/{yyyy}",
    "{MONTH} {d}, {yyyy}",
    "{m}/{yy}",
    "{month} {yyyy}",
    "{mon} {yyyy}",
    "{weekday}, {month} {d}, {yyyy}",
    "{yyyy}/{mm}/{dd}",
    "{yy}{mm}{dd}",
    "{d}{nth} {month}, {yyyy}",
    "{mon}-{yy}",
    "'{yy}",
    "{m} / {d} / {yy}",
)
_KOREAN = (
    "{yyyy}년 {m}월 {d}일",
    "{yyyy}. {m}. {d}.",
    "{yyyy}.{mm}.{dd}",
    "{yyyy}-{mm}-{dd}",
    "{yyyy}/{mm}/{dd}",
    "{yy}.{mm}.{dd}",
    "{yyyy}년 {mm}월 {dd}일",
    "{yyyy}년{m}월{d}일",
    "{m}월 {d}일",
    "{yyyy}.{m}.{d}({요일})",
    "{yyyy}. {mm}. {dd}",
    "{yy}/{mm}/{dd}",
    "{yyyy}년 {m}월",
    "'{yy}. {m}. {d}",
    "{yyyy}{mm}{dd}",
    "{yyyy}년 {m}월 {d}일 ({요일})",
    "{m}/{d}({요일})",
    "{yy}년 {m}월 {d}일",
    "{yyyy}년도 {m}월분",
    "{dd}/{mm}/{yyyy}",
    "{yyyy}-{mm}-{dd} ({요일})",
    "{yyyy}년 {m}월 말",
    "{m}. {d}.",
)


def day(source: Source) -> date:
    """A day between 1965 and 2027, half of them in the last fifteen years."""
    first = date(2012, 1, 1) if source.chance(0.5) else date(1965, 1, 1)
    return first + timedelta(days=source.rng.randrange((date(2027, 12, 31) - first).days))


def write_day(source: Source, when: date, pattern: str) -> str:
    """A day written by a pattern of this module."""
    nth = "th" if 10 < when.day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(when.day % 10, "th")
    month = f"{when:%B}"
    parts: dict[str, object] = {
        "yyyy": when.year,
        "yy": f"{when:%y}",
        "m": when.month,
        "mm": f"{when:%m}",
        "d": when.day,
    }
    parts |= {"dd": f"{when:%d}", "month": month, "mon": month[:3], "MON": month[:3].upper(), "MONTH": month.upper()}
    parts |= {"weekday": f"{when:%A}", "nth": nth, "요일": "월화수목금토일"[when.weekday()]}
    return pattern.format_map(parts)


def any_date(source: Source) -> str:
    """A date, mostly in the way that this document writes dates."""
    return write_day(source, day(source), source.usual(_KOREAN if source.korean else _ENGLISH))


def time(source: Source) -> str:
    """A time of day."""
    hour, minute = source.rng.randrange(7, 21), source.pick((0, 0, 15, 30, 30, 45, source.rng.randrange(60)))
    half = hour % 12 or 12
    if source.korean:
        return source.usual(
            (
                f"{hour:02}:{minute:02}",
                f"{'오전' if hour < 12 else '오후'} {half}시 {minute}분",
                f"{'오전' if hour < 12 else '오후'} {half}:{minute:02}",
                f"{hour}시 {minute:02}분",
                f"{hour}:{minute:02}:{source.rng.randrange(60):02}",
            )
        )
    noon = "AM" if hour < 12 else "PM"
    return source.usual(
        (
            f"{half}:{minute:02} {noon}",
            f"{hour:02}:{minute:02}",
            f"{half}:{minute:02} {noon[0].lower()}.m.",
            f"{half}:{minute:02}{noon.lower()}",
            f"{hour:02}{minute:02} hrs",
            f"{hour:02}:{minute:02}:{source.rng.randrange(60):02}",
        )
    )


def period(source: Source) -> str:
    """A stretch of time: two dates, a number of days, a quarter."""
    rng = source.rng
    first = day(source)
    last = first + timedelta(days=rng.randrange(2, 700))
    pattern = source.usual(_KOREAN[:8] if source.korean else _ENGLISH[:10])
    start, end = write_day(source, first, pattern), write_day(source, last, pattern)
    if source.korean:
        unit = source.pick(("일", "개월", "년", "주", "시간", "분"))
        return source.pick(
            (
                f"{start} ~ {end}",
                f"{start}~{end}",
                f"{start}부터 {end}까지",
                f"{rng.randrange(1, 40)}{unit}",
                f"{rng.randrange(1, 40)}{unit}간",
                f"{first.year}년 {rng.randrange(1, 5)}분기",
                f"계약일로부터 {rng.randrange(1, 90)}일 이내",
            )
        )
    unit = source.pick(("days", "weeks", "months", "years", "hrs.", "working days", "minutes"))
    return source.pick(
        (
            f"{start} - {end}",
            f"{start} to {end}",
            f"From {start} to {end}",
            f"{start} through {end}",
            f"{rng.randrange(2, 60)} {unit}",
            f"{rng.randrange(1, 5)}Q {first.year}",
            f"{rng.randrange(1, 6)}-{rng.randrange(6, 12)} {unit}",
            f"FY {first.year}",
            f"{first:%B} {first.year}",
        )
    )
