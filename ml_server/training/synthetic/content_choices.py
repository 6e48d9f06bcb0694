"""Questions that are answered by ticking a box."""

from __future__ import annotations

from functools import cache

from ml_server.training.synthetic import content_topics
from ml_server.training.synthetic.content_reading import read_lists
from ml_server.training.synthetic.values_kinds import phrase
from ml_server.training.synthetic.values_source import Source

_ENGLISH = """
Sex: Male | Female
Gender: M | F | Other
Marital Status: Single | Married | Divorced | Widowed
Priority: Low | Medium | High | Urgent
Type of Request: New | Change | Renewal | Cancel
Payment Method: Cash | Check | Credit Card | Money Order
Credit Card: Visa | MasterCard | American Express | Discover
Employment: Full time | Part time | Temporary | Retired | Student | Unemployed
Education: Grade school | High school | Some college | College graduate | Post graduate
Age: Under 18 | 18-24 | 25-34 | 35-49 | 50 or over
Annual Income: Under $10,000 | $10,000-19,999 | $20,000-34,999 | $35,000 and over
Ship Via: UPS | Federal Express | U.S. Mail | Truck | Will call
Disposition: Accept | Reject | Rework | Return to vendor | Scrap
Action: For approval | For your information | Per your request | Please comment | Note and return
Overall Rating: Excellent | Good | Fair | Poor
How satisfied are you with our service?: Very satisfied | Satisfied | Neutral | Dissatisfied | Very dissatisfied
How likely are you to buy this product?: Definitely would buy | Probably would buy | Might or might not | Would not buy
How did you hear about us?: Newspaper | Radio | Friend | Internet | Other
Type of Leave: Vacation | Sick | Personal | Jury duty | Without pay
Reason for Change: Promotion | Transfer | Merit increase | Resignation | Leave of absence
Classification: Public | Internal | Confidential | Secret
Type of Ownership: Individual | Partnership | Corporation | LLC | Non-profit
Package Condition: Good | Damaged | Opened
Message: Telephoned | Please call | Will call again | Returned your call | Wants to see you
Media: Newspaper | Magazine | Outdoor | Direct mail | Point of sale
Sample Type: Blood | Urine | Tissue | Water | Other (specify)
Shift: 1st | 2nd | 3rd
Do you smoke?: Never | Former | Current
Account Type: Checking | Savings | Money market
Frequency: Daily | Weekly | Monthly | Quarterly | As needed
Size: S | M | L | XL
Original to follow by: Regular mail | Overnight courier | Will not follow
Weather: Clear | Rain | Snow | Fog
Injury: None | First aid | Medical treatment | Lost time
Budgeted: Yes | No | Partially
Preferred contact: Phone | E-mail | Mail
Race: White | Black | Hispanic | Asian | Other
Test result: Pass | Fail | Retest
"""
_KOREAN = """
성별: 남 | 여
결혼여부: 미혼 | 기혼
신청구분: 신규 | 변경 | 갱신 | 재발급 | 해지
결제방법: 현금 | 카드 | 계좌이체 | 어음
수령방법: 방문 | 우편 | 전자우편 | 팩스
공개방법: 열람·시청 | 사본·출력물 | 전자파일 | 복제·인화물
공개여부: 공개 | 부분공개 | 비공개
동의여부: 동의함 | 동의하지 않음
보안등급: 일반 | 대외비 | 비밀
긴급도: 보통 | 긴급 | 매우 긴급
판정: 적합 | 부적합
종합판정: 합격 | 불합격 | 조건부합격
학력: 고졸 이하 | 전문대졸 | 대졸 | 대학원 이상
연령: 20대 이하 | 30대 | 40대 | 50대 | 60대 이상
직업: 회사원 | 자영업 | 공무원 | 학생 | 주부 | 기타
만족도: 매우 만족 | 만족 | 보통 | 불만족 | 매우 불만족
월평균 소득: 100만원 미만 | 100~200만원 | 200~300만원 | 300~500만원 | 500만원 이상
휴가구분: 연차 | 반차 | 병가 | 경조 | 공가 | 기타
근무형태: 정규직 | 계약직 | 시간제
사업자 구분: 일반과세자 | 간이과세자 | 면세사업자 | 법인
소유구분: 자가 | 전세 | 월세
병역: 군필 | 미필 | 면제 | 해당없음
영수구분: 영수 | 청구
흡연여부: 비흡연 | 과거흡연 | 현재흡연
진료구분: 초진 | 재진
보험구분: 건강보험 | 의료급여 | 자동차보험 | 산재 | 일반
운송방법: 택배 | 화물 | 직송 | 퀵서비스
처리결과: 완료 | 진행중 | 보류 | 반려
인지경로: 인터넷 | 신문 | 지인소개 | 광고 | 기타
수리구분: 유상 | 무상
증빙구분: 세금계산서 | 카드전표 | 현금영수증 | 간이영수증
출장구분: 국내 | 국외
교통편: 항공 | 철도 | 버스 | 자가용
검사구분: 수입검사 | 공정검사 | 출하검사
민원유형: 질의 | 건의 | 불편신고 | 진정
이용 빈도: 매일 | 주 2~3회 | 월 1~2회 | 거의 이용하지 않음
재구매 의향: 있다 | 없다 | 모르겠다
날씨: 맑음 | 흐림 | 비 | 눈
장애여부: 있음 | 없음
"""
_GENERIC = {
    "english": "Yes/No | Yes/No | Y/N | OK/NG | Pass/Fail | Agree/Disagree | Yes/No/Don't know | Good/Fair/Poor",
    "korean": "예/아니오 | 유/무 | 있음/없음 | 적합/부적합 | 양호/불량 | 동의/미동의 | 해당/해당없음 | 예/아니오/모름",
}


@cache
def _written(language: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(read_lists(_KOREAN if language == "korean" else _ENGLISH).items())


@cache
def _asked(language: str) -> tuple[str, ...]:
    """Labels of every topic that ask for a choice."""
    topics = [content_topics.topic(language, name) for name in content_topics.topic_names()]
    return tuple(dict.fromkeys(label for topic in topics for label, kind in topic.labels if kind == "choice"))


def choices(source: Source) -> tuple[str, list[str]]:
    """A question and its two to six options: written ones, or a yes-or-no question of any topic."""
    if source.chance(0.5):
        question, options = source.pick(_written(source.language))
        return question, list(options)
    if source.chance(0.75):
        return source.pick(_asked(source.language)), source.pick(_GENERIC[source.language].split(" | ")).split("/")
    made = {
        phrase(source, ("{noun}", "{adjective} {noun}", "{word}", "{Noun}")): None
        for _ in range(source.rng.randrange(3, 6))
    }
    question = phrase(
        source,
        ("{noun} 구분", "{noun} 종류", "{adjective} {noun}") if source.korean else ("Type of {noun}", "{Noun} {noun}"),
    )
    return question, [*made, "기타" if source.korean else "Other"]
