"""People, organisations and places, none of them real: Faker's, written in the ways that forms write them."""

from __future__ import annotations

from ml_server.training.synthetic.values_source import Source

_TITLES = ("Mr. ", "Mrs. ", "Ms. ", "Dr. ", "Prof. ", "MR. ")
_DEGREES = (", Ph.D.", ", M.D.", ", Esq.", " Jr.", ", CPA", " III", ", R.N.", ", P.E.")
_RANKS = (
    "사원",
    "대리",
    "과장",
    "차장",
    "부장",
    "팀장",
    "이사",
    "대표",
    "님",
    "주임",
    "선생님",
    "교수",
    "주무관",
    "원장",
)
_FIRMS = (
    "Co.",
    "Corp.",
    "Company",
    "Inc.",
    "Laboratories",
    "Industries",
    "& Sons",
    "Associates",
    "International",
    "Ltd.",
)
_BODIES = ("Institute", "Association", "University", "Department of Health", "Council", "Research Center", "Foundation")
_KOREAN_BODIES = (
    "구청",
    "시청",
    "대학교",
    "병원",
    "협회",
    "연구원",
    "고등학교",
    "세무서",
    "공사",
    "재단",
    "조합",
    "초등학교",
)
_KOREAN_FIRMS = (
    "산업",
    "상사",
    "전자",
    "건설",
    "식품",
    "물산",
    "무역",
    "정밀",
    "화학",
    "테크",
    "유통",
    "시스템",
    "디자인",
    "인쇄",
)


def name(source: Source) -> str:
    """A person."""
    fake = source.fake
    if source.korean:
        full = fake("name")
        if source.chance(0.15):
            full = f"{full} {source.pick(_RANKS)}"
        elif source.chance(0.08):
            full = " ".join(full)
        return full + (source.pick((" (인)", "(인)", " (서명)", " 印")) if source.chance(0.06) else "")
    first, last = fake("first_name"), fake("last_name")
    middle = source.shape("@")
    return source.usual(
        (
            f"{first} {last}",
            f"{first} {middle}. {last}",
            f"{first[0]}. {middle}. {last}",
            f"{last}, {first}",
            f"{last}, {first[0]}. {middle}.",
            f"{source.pick(_TITLES)}{first} {last}",
            f"{source.pick(_TITLES)}{last}",
            f"{first[0]}. {last}",
            f"{first} {last}{source.pick(_DEGREES)}",
            f"{first} {last}".upper(),
            first,
            f"{first} {last}",
        )
    )


def names(source: Source) -> str:
    """Several people."""
    return source.pick((", ", ", ", "; ", " / ")).join(name(source) for _ in range(source.rng.randrange(2, 5)))


def initials(source: Source) -> str:
    """The initials or the signature of a person."""
    if source.korean:
        return source.pick((source.fake("name"), "(인)", "서명", "(서명)", source.fake("name") + " (인)"))
    person = source.fake
    first, last = person("first_name"), person("last_name")
    return source.pick(
        (source.shape("@@"), source.shape("@.@.@."), f"{first[0]}. {last}", f"/s/ {first} {last}", f"{first} {last}")
    )


def company(source: Source) -> str:
    """An organisation."""
    fake = source.fake
    if source.korean:
        stem = fake("last_name") + source.pick(("성", "일", "진", "우", "림", "원", "광", "한", "양", "신"))
        city = fake("city").rstrip("시군구")
        return source.pick(
            (
                fake("company"),
                fake("company"),
                f"주식회사 {stem}{source.pick(_KOREAN_FIRMS)}",
                f"{stem}{source.pick(_KOREAN_FIRMS)}(주)",
                f"(주){stem}{source.pick(_KOREAN_FIRMS)}",
                f"㈜{stem}{source.pick(_KOREAN_FIRMS)}",
                f"{city}{source.pick(_KOREAN_BODIES)}",
                f"{stem}{source.pick(_KOREAN_FIRMS)}",
            )
        )
    last = fake("last_name")
    return source.pick(
        (
            fake("company"),
            f"{last} {source.pick(_FIRMS)}",
            f"{last} {source.pick(_FIRMS)}",
            f"{last} {source.pick(_BODIES)}",
            f"{fake('city')} {source.pick(_BODIES)}",
            f"{last}, {fake('last_name')} & {fake('last_name')}",
            f"{source.shape('@@@')} {source.pick(_FIRMS)}",
            f"{last} {source.pick(_FIRMS)}".upper(),
            f"{fake('state')} {source.pick(_BODIES)}",
        )
    )


def address(source: Source) -> str:
    """A postal address on one line."""
    fake = source.fake
    if source.korean:
        shown = fake("address").replace("\n", " ")
        if source.chance(0.35):
            shown += source.shape(source.pick((" %층", " %0#호", " 10%동 %0#호", ", %층 %0#호")))
        return source.shape("(#####) ") + shown if source.chance(0.2) else shown
    street = fake("street_address").replace("\n", ", ")
    town = f"{fake('city')}, {fake('state_abbr')}"
    return source.pick(
        (
            f"{street}, {town} {fake('postcode')}",
            f"{street}, {town}",
            f"{street} {town} {fake('postcode')}",
            street,
            f"P.O. Box {source.shape('%###')}, {town} {fake('postcode')}",
            town,
            f"{town} {fake('postcode')}",
            f"{street}, {town} {fake('postcode')}".upper(),
        )
    )


def place(source: Source) -> str:
    """A town, a state or a room."""
    fake = source.fake
    if source.korean:
        return source.pick(
            (fake("city"), f"{fake('city')} 지점", source.shape("%층 회의실"), source.shape("%0#호"), "본사", "서울")
        )
    city = fake("city")
    return source.pick(
        (city, f"{city}, {fake('state_abbr')}", fake("state"), source.shape("Room %##"), source.shape("Bldg. %"))
    )


def country(source: Source) -> str:
    """A country or a nationality."""
    if source.korean:
        return source.pick(("대한민국", "한국", "미국", "일본", "중국", "독일", "베트남", "프랑스", "캐나다", "KOREA"))
    return source.pick((source.fake("country"), "U.S.A.", "USA", "United States", "Korea", "Japan", "Canada", "U.K."))


def job(source: Source) -> str:
    """What a person does for a living."""
    return source.fake("job")
