"""Where marks stand in Korean documents.

``{m}`` is the mark that is drawn, ``{n}`` the next one of its row, ``{o}`` another one; other slots as in
``values_kinds``.
"""

TEXT = """
ordinal: {m} {noun} {noun} | {m} {noun} | {m} {word} | {m} {name} | {m} {noun}을(를) {noun}한다. | {m} {sentence}
ordinal: {m} {noun}의 {noun} {n} {noun} | {m} {word} {n} {word} | {m} {noun} {n} {noun} {o} {noun} | {m} {date}
ordinal: {m} 가 {n} 나 {o} 다 | {m} 갑 {n} 을 | {m} 예 {n} 아니오 | {m} {word} {o} {word} {n} {word} | {m}, {n}, {o}
ordinal: 제{small}조{m} | 제{small}조제{digit}항{m} | {m} 및 {n} | {m} ~ {n} {noun} | {m}~{o} | ({m} + {n})
ordinal: {m} = {n} + {o} | {m} {noun} {price} | {m} {noun}: {name} | {noun} {m} | {noun}({m})
ordinal: {m}({word}) {n}({word}) | {m} {count} {unit_name} | {m}-{digit} {noun} | {m}의 {noun} | {m}과 {o}
ordinal: {m} {n} {o} | {m}{n}{o} | {m} {company} | [{m}] {noun} | {m} / {n} | {m} {word} {n} {word} {o} {word}
ordinal: {m} {noun} {o} {noun} {n} {noun} | {m} {o} {n} {m} {o} | {m} 참 {o} 거짓 {n} 모름
ordinal: {m} {noun} · {noun} {n} {noun} {o} {noun} | {digit}. {m} {noun} | {m} {digit} | {m} {count}
ordinal: {m} {small} {o} {small}
box: {m} 동의함 {n} 동의하지 않음 | {m} 동의 {n} 미동의 | {m} 예 {n} 아니오 | {m} 남 {n} 여 | {m} 있음 {n} 없음
box: {m} {noun} | {m} {noun} {n} {noun} | {m} {noun} {n} {noun} {o} {noun} | {noun}: {m} {word} {n} {word}
box: {noun} ({m}) | [{m}] {noun} | {m} 확인 | {m} 해당 {n} 해당 없음 | {m} 신규 {n} 변경 {o} 해지 | {noun} {m}
box: {m} {sentence} | {m} 개인정보 수집·이용에 동의합니다. | {m} 현금 {n} 카드 {o} 계좌이체 | {m} 본인 {n} 대리인
box: {m} 양호 {n} 불량 | {m} Yes {n} No | {m} 필수 {n} 선택 | {m}{word} {n}{word}
unit: {count} {m} | {count}{m} | {number} {m} | {number}{m} | {noun} {count} {m} | {noun} {number}{m} | {noun}({m})
unit: (단위: {m}) | {small}.{digit} {m} | {small}.{digit}{m} | {number} {m} ({number}{o}) | {count} {m} × {count} {m}
unit: {count}~{count} {m} | {count}{m} 이상 {count}{m} 미만 | {noun} 면적 {number} {m} | {m} 당 {price}
unit: {count} {m}/일 | {digit} {m}, {small} {o}
money: {m} {price} | {m}{amount} | {m} {number} | 합계 {m} {number} | {m}{number} | ({m} {number})
money: 금 {m} {number} 정 | {m} {small}.{digit} | {noun} {m}{number} | {m} {number} / {noun} | 총액: {m} {number}
money: {m}{count},000 | {m} {count},000 ~ {m} {count},000
bullet: {m} {noun} {noun} | {m} {noun} | {m} {sentence} | {m} {noun}: {noun} | {m} {word} {m} {word} {m} {word}
bullet: {m} ({noun}) {noun} | {m} {noun}의 {noun} {noun} | {m} {date} {noun} | {noun} {m} {noun} | {m} {name}
bullet: {m} {noun} {count}{unit_name} | {m}{noun} | {m} {company} | {m} {phone} | {m} {noun}은(는) {sentence}
bullet: {word}{m}{word} | {word} {m} {word} {m} {word} | {m} {count} {noun}
arrow: {noun} {m} {noun} | {noun} {m} {noun} {m} {noun} | {word}{m}{word} | {number} {m} {number} | {percent} {m}
arrow: {m} {noun} | 신청 {m} 접수 {m} 심사 {m} 결정 | ({year}) {number} {m} ({year}) {number} | {m} {percent}
arrow: {word} {m} {word}: {noun}
company: {m}{word} | {m}{word}산업 | {m} {word} | {word}{m} | {m}{word}전자 {noun} | {m}{word}협회 | {noun}: {m}{word}
company: {m}{word} 대표 {name}
other: {word}{m} | {m}{word} | {word} {m} {word} | {m} {noun} | {noun} {m} | {count}{m} | {count} {m} | {m}
other: {noun}{m} {noun} | {word}, {m}{word} | {m}{n} | {m} {n} {o} | {count} {m} {count} | {noun}({m})
other: {word}{m}{small}
"""
