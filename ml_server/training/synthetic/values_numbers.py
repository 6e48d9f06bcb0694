"""Money, counts, percentages, sizes and measures."""

from __future__ import annotations

from ml_server.training.synthetic.values_source import Source

_ENGLISH_MONEY = (
    "${:,.2f}",
    "$ {:,.2f}",
    "{:,.2f}",
    "${:,.0f}",
    "USD {:,.2f}",
    "US$ {:,.2f}",
    "{:,.0f}",
    "$ {:,.0f}",
    "{:,.2f} USD",
    "£{:,.2f}",
    "€{:,.2f}",
    "${:.2f}",
    "EUR {:,.2f}",
    "{:.2f}",
    "${:,.0f}.-",
)
_KOREAN_MONEY = (
    "{:,}",
    "{:,}원",
    "₩{:,}",
    "₩ {:,}",
    "{:,} 원",
    "\\{:,}",
    "금 {:,}원",
    "{:,}원정",
    "KRW {:,}",
    "{:,}.-",
)
_ENGLISH_UNITS = (
    "kg | g | mg | lbs | lb. | oz. | mm | cm | m | in. | ft. | ml | L | gal. | °C | °F | % | psi | V | A | W | kW | "
    "Hz | rpm | hrs | min. | sec. | pcs | ppm | mg/cig | g/cc | sq. ft. | units | cps | mg/dL | mmHg | bpm | miles"
)
_KOREAN_UNITS = (
    "kg | g | mg | t | mm | cm | m | km | ㎡ | ㎥ | L | mL | ℃ | % | V | A | W | kW | kWh | Hz | rpm | 개 | EA | "
    "명 | 건 | 부 | 매 | 대 | 시간 | 분 | 초 | 평 | 박스 | 회 | 세트 | 톤 | 인분 | mg/dL | mmHg | ppm | bar | MPa"
)
_DIGITS = "영일이삼사오육칠팔구"


def amount(source: Source) -> int:
    """An amount of money: dollars in English, won in Korean; small ones are as likely as large ones."""
    size = int(10 ** source.rng.uniform(3.0, 8.5 if source.korean else 6.5))
    if not source.korean:
        return max(1, size // 100)
    step = source.pick((1, 10, 100, 1000, 1000, 10000))
    return max(step, size // step * step)


def write_money(source: Source, value: float) -> str:
    """An amount, mostly in the way that this document writes money."""
    if source.korean:
        return source.usual(_KOREAN_MONEY).format(int(value))
    return source.usual(_ENGLISH_MONEY).format(value)


def money(source: Source) -> str:
    """An amount of money."""
    value = amount(source)
    if source.korean:
        return spelled_won(value) if source.chance(0.04) else write_money(source, value)
    if source.chance(0.05):
        return source.pick(
            ("$ -0-", "$0.00", "No charge", f"({value:,}.00)", f"${value / 100:.1f}K", f"$ {value:,} /yr")
        )
    return write_money(source, value + source.pick((0, 0, 0.5, 0.95, 0.99, source.rng.randrange(100) / 100)))


def price(source: Source) -> float:
    """The price of one thing, in dollars or in won."""
    if source.korean:
        return int(10 ** source.rng.uniform(2, 5.2)) * source.pick((10, 100, 1))
    return round(10 ** source.rng.uniform(-0.3, 3), 2)


def spelled_won(value: int) -> str:
    """Won in words, as contracts write them: ``금 삼백이십만원정``."""
    text = ""
    for index, myriad in enumerate(("", "만", "억")):
        part = value // 10000**index % 10000
        spelled = "".join(
            ("" if digit == 1 and unit else _DIGITS[digit]) + unit
            for unit, digit in zip(("천", "백", "십", ""), (int(mark) for mark in f"{part:04}"), strict=True)
            if digit
        )
        text = (spelled + myriad if part else "") + text
    return f"금 {text}원정"


def number(source: Source) -> str:
    """A count or a plain number."""
    rng = source.rng
    whole = int(10 ** rng.uniform(0, 4.3))
    if source.korean:
        unit = source.pick(("", "", "", "개", "명", "건", "부", "대", "매", " EA", "회", "점", "식"))
        return f"{whole:,}{unit}"
    return source.pick(
        (
            f"{whole:,}",
            f"{whole}",
            f"{rng.randrange(1, 30)}",
            f"{rng.randrange(1, 12)}",
            f"{rng.uniform(0, 99):.1f}",
            f"{whole} ea.",
            f"({rng.randrange(1, 20)})",
            f"{rng.randrange(1, 9):02}",
            f"approx. {whole}",
            f"{whole:,} units",
        )
    )


def percent(source: Source) -> str:
    """A share of a hundred."""
    rng = source.rng
    shown = source.pick((f"{rng.randrange(101)}%", f"{rng.uniform(0, 100):.1f}%", f"{rng.uniform(0, 30):.2f} %"))
    if source.korean:
        return source.pick((shown, shown, f"{rng.randrange(101)}퍼센트", f"연 {rng.uniform(1, 15):.2f}%"))
    return source.pick((shown, shown, shown, f"{rng.randrange(100)} percent", f"{rng.randrange(5, 95)} pct."))


def unit(source: Source) -> str:
    """A measured quantity with its unit, or a size."""
    rng = source.rng
    if source.chance(0.25):
        return dimensions(source)
    quantity = source.pick(
        (f"{rng.uniform(0, 100):.1f}", f"{rng.uniform(0, 10):.2f}", f"{int(10 ** rng.uniform(0, 4)):,}")
    )
    name = source.pick((_KOREAN_UNITS if source.korean else _ENGLISH_UNITS).split(" | "))
    limit = source.pick(("", "", "", "", "< ", "> ", "± ", "≤ ", "약 " if source.korean else "approx. "))
    space = source.pick((" ", "", " "))
    return f"{limit}{quantity}{space}{name}"


def unit_name(source: Source) -> str:
    """The name of a unit alone."""
    return source.pick((_KOREAN_UNITS if source.korean else _ENGLISH_UNITS).split(" | "))


def dimensions(source: Source) -> str:
    """The size of a thing: two or three lengths."""
    rng = source.rng
    wide, high, deep = (rng.randrange(2, 900) for _ in range(3))
    return source.pick(
        (
            f"{wide} x {high} mm",
            f"{wide}×{high}×{deep}mm",
            f"{wide / 20:.1f} x {high / 20:.0f} cm" if source.korean else f'{wide / 40:.1f} x {high / 40:.0f}"',
            f"{wide} x {high} x {deep}",
            f"W{wide} × D{deep} × H{high}",
            source.pick(("A4", "A3", "B5"))
            if source.korean
            else source.pick(('8 1/2" x 11"', "84 mm", "24/120's", "Letter")),
            f"Ø{wide / 10:.1f} x {high}",
        )
    )


def dosage(source: Source) -> str:
    """How much of a medicine, how often."""
    rng = source.rng
    strength = source.pick((5, 10, 20, 25, 50, 100, 250, 500))
    times = rng.randrange(1, 5)
    if source.korean:
        return source.pick(
            (
                f"1일 {times}회 식후 30분",
                f"{strength}mg 1일 {times}회",
                f"1회 {times}정 {rng.randrange(2, 30)}일분",
                f"{strength}mg",
            )
        )
    return source.pick(
        (
            f"{strength} mg {times}x daily",
            f"{strength}mg q{source.pick((4, 6, 8, 12))}h PRN",
            f"{times} tab PO daily",
            f"{strength} mg b.i.d.",
            f"{strength} mg/kg",
            f"{times} tsp. at bedtime",
        )
    )


def score(source: Source) -> str:
    """A mark, a grade or a rating."""
    rng = source.rng
    if source.korean:
        return source.pick(
            (
                f"{rng.randrange(40, 101)}",
                f"{rng.randrange(1, 10)}등급",
                "우수",
                "보통",
                "A+",
                "B",
                "상",
                "중",
                "하",
                "합격",
            )
        )
    return source.pick(
        (
            f"{rng.randrange(40, 101)}",
            f"{rng.uniform(1, 9):.1f}",
            "A-",
            "B+",
            "C",
            "Pass",
            "Good",
            "Fair",
            "Excellent",
            "S",
        )
    )


def age(source: Source) -> str:
    """An age."""
    years = source.rng.randrange(1, 95)
    return source.pick(
        (f"{years}세", f"만 {years}세", f"{years}")
        if source.korean
        else (f"{years}", f"{years}", f"{years} yrs.", f"{years} years")
    )
