"""English lines that forms lack: clauses, receipts, labels of goods. Slots as in ``values_kinds``."""

TEXT = """
clause: Section {digit}.{digit} {Word} {Word} | Article {small}. {Word} | {digit}.{digit}.{digit} {Word} of {word}
clause: APPENDIX {digit} | Table {small}. {Word} {word} | Fig. {digit}: {sentence} | ({digit}) {sentence}
clause: Re: {Word} {word} | cc: {name} | "{sentence}" | Chapter {small} | see p. {count}, note {digit}
clause: {Word}, {word} & {word}; {word} [{digit}] | § {count}({digit}) | {WORD} {WORD} | {WORD} {WORD} {WORD} {WORD}
clause: {sentence} {sentence}
bullet: 1. | 2. | 3. | (a) | (b) | (1) | (2) | a) | b) | i. | ii. | iii. | IV. | A. | B. | • | - | * | – | # | o | 2.1
bullet: 3.4.1 | ● | ■
receipt: SUBTOTAL {price} | TOTAL {price} | Total: {price} | TAX {digit}.{digit}% {price} | CASH {price}
receipt: CHANGE {price} | VISA {card} | GST {digit}% {price} | {small} {Word} {price} | {small}X {WORD} {WORD} {price}
receipt: THANK YOU | Thank you for shopping! | Order #{count} | Table: {small} Guests: {digit} | RM {price}
receipt: {date} {time} | Cashier: {name} | INVOICE NO : {code} | ROUNDING 0.0{digit} | QTY  DESCRIPTION  AMOUNT
receipt: TEL : {phone} | GST ID : {business} | {product} {price}
label: NET WT {small} OZ ({count}g) | Nutrition Facts | Serving Size {digit} cup ({count}g)
label: INGREDIENTS: {WORD}, {WORD}, {WORD} | BEST BEFORE {date} | {WORD} FREE | MODEL {model} | S/N: {code}
label: INPUT: 100-240V~50/60Hz {digit}.{digit}A | MADE IN CHINA | CAUTION | WARNING: {sentence} | {count} ml
label: NEW! {Word} {word} | SALE {small}% OFF
both: {name}, {job} | {company} | {email} | {url} | {phone} | {address} | {word} {word}, {word} {word}
both: {Word}-{word} {count} | {company} ({place})
"""
