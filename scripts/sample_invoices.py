"""What the sample invoices say; ``render_samples.py`` says how they look. All of it is made up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Party:
    """Supplier or recipient."""

    name: str
    facts: tuple[tuple[str, str], ...]
    indent: float = 22.0  # millimetres from labels to values


@dataclass(frozen=True)
class Column:
    """One column of the table of items; ``x`` in millimetres is where its text starts, ends or is centred."""

    title: str
    x: float
    align: Literal["left", "right", "centre"] = "left"


@dataclass(frozen=True)
class Item:
    """One row: what, how many, at which price in the currency's smallest unit."""

    name: str
    detail: str
    quantity: int
    price: int


@dataclass(frozen=True)
class Invoice:
    """Everything on the page but the sums, which are worked out."""

    language: str
    accent: tuple[int, int, int]
    title: str
    tagline: str
    facts: tuple[tuple[str, str], ...]
    seller_title: str
    seller: Party
    buyer_title: str
    buyer: Party
    columns: tuple[Column, ...]
    items: tuple[Item, ...]
    vat_percent: int
    total_keys: tuple[str, str, str]
    money: str  # how totals are written, with one {} for the amount
    decimals: int
    payment_title: str
    payment: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    footer: str

    def amount(self, minor: int) -> str:
        """An amount in the smallest unit, written with separators."""
        return f"{minor / 10**self.decimals:,.{self.decimals}f}"

    def rows(self) -> list[tuple[str, ...]]:
        """The table's cells: number, name, detail, quantity, price, net, tax."""
        return [
            (
                str(number),
                item.name,
                item.detail,
                f"{item.quantity:,}",
                self.amount(item.price),
                self.amount(item.quantity * item.price),
                self.amount(self._tax(item)),
            )
            for number, item in enumerate(self.items, start=1)
        ]

    def totals(self) -> list[tuple[str, str]]:
        """Net, tax and sum, each with its label."""
        net = sum(item.quantity * item.price for item in self.items)
        tax = sum(self._tax(item) for item in self.items)
        amounts = (net, tax, net + tax)
        return [
            (key, self.money.format(self.amount(value))) for key, value in zip(self.total_keys, amounts, strict=True)
        ]

    def _tax(self, item: Item) -> int:
        return item.quantity * item.price * self.vat_percent // 100


KOREAN = Invoice(
    language="korean",
    accent=(18, 78, 102),
    title="청구서",
    tagline="사무용품 · 인쇄 · 당일 배송",
    facts=(
        ("청구번호", "2026-0417-03"),
        ("발행일", "2026년 4월 17일"),
        ("납기일", "2026년 5월 15일"),
        ("담당자", "한지우 과장"),
    ),
    seller_title="공급자",
    seller=Party(
        "주식회사 솔빛상사",
        (
            ("등록번호", "325-81-04417"),
            ("상호", "주식회사 솔빛상사"),
            ("대표자", "김도윤"),
            ("주소", "서울특별시 마포구 나루길 128, 4층"),
            ("업태 / 종목", "도소매 / 사무용품"),
            ("전화", "02-0000-4417"),
            ("이메일", "billing@solbit.example"),
        ),
    ),
    buyer_title="공급받는 자",
    buyer=Party(
        "바다서점",
        (
            ("등록번호", "614-22-90358"),
            ("상호", "바다서점"),
            ("대표자", "이서연"),
            ("주소", "부산광역시 해운대구 물결로 7"),
            ("업태 / 종목", "소매 / 서적"),
            ("전화", "051-000-9035"),
            ("이메일", "hello@badabooks.example"),
        ),
    ),
    columns=(
        Column("번호", 24, "centre"),
        Column("품목", 33),
        Column("규격", 84),
        Column("수량", 119, "right"),
        Column("단가", 142, "right"),
        Column("공급가액", 168, "right"),
        Column("세액", 189, "right"),
    ),
    items=(
        Item("복사용지 A4", "80g, 2,500매", 20, 23500),
        Item("고급 노트", "무선, 200쪽", 150, 4200),
        Item("만년필 세트", "검정, 중간촉", 12, 38000),
        Item("종이 쇼핑백", "중형, 100장", 8, 27500),
        Item("포장 테이프", "48mm, 50m", 60, 1850),
        Item("책갈피 인쇄", "양면, 500장", 4, 65000),
        Item("영수증 용지", "79mm, 50롤", 6, 42000),
        Item("배송비", "부산 지역", 1, 15000),
    ),
    vat_percent=10,
    total_keys=("공급가액", "부가가치세 (10%)", "합계 금액"),
    money="{}원",
    decimals=0,
    payment_title="입금 안내",
    payment=(
        ("입금 은행", "가온은행"),
        ("계좌번호", "110-382-904417"),
        ("예금주", "주식회사 솔빛상사"),
    ),
    notes=(
        "위와 같이 청구합니다. 납기일까지 위 계좌로 입금하여 주시기 바랍니다.",
        "입금하실 때 청구번호를 함께 적어 주시면 확인이 빠릅니다. 감사합니다.",
    ),
    footer="주식회사 솔빛상사 · 서울특별시 마포구 나루길 128, 4층 · www.solbit.example",
)

ENGLISH = Invoice(
    language="english",
    accent=(110, 44, 62),
    title="INVOICE",
    tagline="Stationery, print and bindery since 1987",
    facts=(
        ("Invoice number", "NP-2026-00831"),
        ("Date", "17 April 2026"),
        ("Due date", "17 May 2026"),
        ("Order reference", "AF-7742"),
    ),
    seller_title="From",
    seller=Party(
        "Northmoor Paper Ltd",
        (
            ("VAT number", "GB 417 0031 00"),
            ("Company", "Northmoor Paper Ltd"),
            ("Contact", "Helen Ashcroft"),
            ("Address", "14 Weaver Street"),
            ("Town", "Northmoor NM4 7PX"),
            ("Telephone", "020 7946 0417"),
            ("Email", "billing@northmoor.example"),
        ),
    ),
    buyer_title="Bill to",
    buyer=Party(
        "Alder & Finch Bookshop",
        (
            ("Account", "C-10358"),
            ("Company", "Alder & Finch Bookshop"),
            ("Contact", "Samuel Finch"),
            ("Address", "3 Harbour Parade"),
            ("Town", "Eastcliff EC9 2RD"),
            ("Telephone", "020 7946 0358"),
            ("Email", "accounts@alderfinch.example"),
        ),
    ),
    columns=(
        Column("No.", 24, "centre"),
        Column("Description", 33),
        Column("Size", 80),
        Column("Quantity", 126, "right"),
        Column("Unit price", 149, "right"),
        Column("Net", 169, "right"),
        Column("VAT 20%", 189, "right"),
    ),
    items=(
        Item("Copier paper, white", "A4, 2,500 sheets", 20, 1895),
        Item("Hardback notebook", "A5, 192 pages", 150, 385),
        Item("Fountain pen set", "Medium nib", 12, 2950),
        Item("Paper carrier bags", "Box of 100", 8, 2140),
        Item("Packing tape, clear", "48 mm, 50 m", 60, 145),
        Item("Printed bookmarks", "Pack of 500", 4, 5200),
        Item("Till rolls, thermal", "Box of 50", 6, 3475),
        Item("Carriage", "Next day", 1, 1250),
    ),
    vat_percent=20,
    total_keys=("Subtotal", "VAT (20%)", "Total due"),
    money="GBP {}",
    decimals=2,
    payment_title="Payment",
    payment=(
        ("Bank", "Harrow Vale Bank"),
        ("Sort code", "00-00-41"),
        ("Account number", "00417831"),
        ("IBAN", "GB00 HVBK 0000 4100 4178 31"),
    ),
    notes=(
        "Payment is due within 30 days of the date above. Please quote the invoice number.",
        "Goods remain our property until paid for in full. Thank you for your business.",
    ),
    footer="Northmoor Paper Ltd · 14 Weaver Street, Northmoor NM4 7PX · www.northmoor.example",
)
