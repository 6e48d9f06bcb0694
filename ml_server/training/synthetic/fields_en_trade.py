"""English forms of trade: what is offered, ordered, sent, sold and paid."""

TEXT = """
[common]
title: FORM | RECORD | Information Sheet
section: General Information | For Office Use Only | Remarks | Approvals | Instructions | Part A | Section 1 | PART II
section: OFFICE USE ONLY | I. Background | Comments | Additional Information | Signatures | Distribution
section: A. Identification | 3. Details | Notes | DO NOT WRITE BELOW THIS LINE | To be completed by applicant
section: For Internal Use | Certification | Summary | Section C - {Noun} | {Noun} Information | {NOUN} DETAILS
section: {Adjective} {noun} | {small}. {Noun} {noun} | Contact Information | Routing | Attachments | Authorization
date: Date | Date Received | Effective Date | Due Date | Date Signed | Date Prepared | Start Date | End Date
date: Date Requested | Completion Date | Today's Date | Date Approved | Revision Date | As of | DATE | date
date: Expiration Date | Date Required
name: Name | Contact | Signature | Approved By | Prepared By | Requested By | Contact Person | Attention | Reviewed By
name: Submitted by | Name (please print) | Authorized Signature | Originator | From | To | Completed by | Received by
name: NAME | Initiated by | Recommended by | Witness | Attn.
phone: Phone | Tel. | Fax | Telephone No. | Phone Number | Fax No. | Ext. | Telephone | PHONE | Daytime Phone
phone: Business Phone | Mobile | Cell | Facsimile | Tel. No. | Home Phone
code: No. | Ref. No. | File No. | Control No. | Reference Number | Form No. | ID No. | Document No. | Serial No.
code: Case # | Our Ref. | Your Ref. | Log No. | S/N | Request No.
text: Title | Description | Subject | Type | Purpose | Remarks | Comments | Notes | Location | Re | Category | Details
text: Other | Other (specify) | Special Instructions | Attachments | Reason | Action Taken | Instructions
company: Company | Organization | Firm | Company Name | Agency | Employer | Manufacturer | COMPANY
address: Address | Street Address | Mailing Address | ADDRESS | City, State, Zip | City/State/Zip | Business Address
department: Dept. | Department | Division | Section | DEPT
status: Status | Current Status
place: City | State | Branch | Office | County | Room | Site
postcode: Zip Code | ZIP | Zip
email: E-mail | Email Address | Email | E-mail Address
initials: Initials | Init. | By | Signed
number: Page | Pages | Total | Quantity | No. of Copies
money: Amount | Cost | Total | Total Cost | Fee
choice: Confidential | Approved | Priority | Copy to follow
column text: Description | Item | Remarks | Comments | Name | Activity | Category | Subject | Type | Notes | Details
column text: Action
column number: Qty | Total | No. | Number | Volume | Actual | Plan
column date: Date | Due Date | Start | Completed
column money: Amount | Cost | Budget | Value
column name: Responsible | Assigned to | Person
column percent: % | % Change | Share | Pct.
column status: Status
column code: Code | Ref.
[invoice]
title: INVOICE | Invoice | COMMERCIAL INVOICE | Sales Invoice | Proforma Invoice | TAX INVOICE | BILL
title: Invoice No. {code} | Service Invoice
section: Bill To | Ship To | Sold To | Remit To | Payment Information | Invoice Details | Billing Summary
section: Payment Terms | Current Charges | Account Summary | BILLING ADDRESS | Customer Information
date: Invoice Date | Due Date | Date of Issue | Ship Date | Order Date | Payment Due | Billing Period Ending
date: Date of Service | Pay by | Tax Point | Payment due by | Posted
code: Invoice No. | Invoice # | Invoice Number | P.O. No. | PO Number | Your Order No. | Customer No. | Account #
code: Job No. | INVOICE | Cust. Order No. | Order # | Bill No. | Project No. | Contract No. | Vendor No.
code: Our Order No. | Customer ID
money: Subtotal | Sales Tax | Total | Total Due | Amount Due | Balance Due | Shipping & Handling | Discount | Freight
money: Previous Balance | Amount Paid | Deposit | Grand Total | Net Amount | VAT | Total Amount Payable | Late Fee
money: Sub-Total | TOTAL DUE | Less Deposit | Agency Commission | Invoice Total | Total (USD) | Amount Enclosed
money: Please Pay This Amount | Handling | Production Charges | Credits | Taxable Amount | Gross Amount
money: TOTAL THIS INVOICE
percent: Tax Rate | VAT % | Discount % | Commission Rate | Finance Charge
company: Bill To | Sold To | Ship To | Vendor | Customer | Remit To | Payee | Client | Customer Name | Consignee
company: Supplier
address: Billing Address | Shipping Address | Address | Remittance Address | Send Payment To | Service Address
name: Salesperson | Sales Rep | Customer Contact | Attn | Issued By | Account Manager | Ordered By
terms: Terms | Payment Terms | F.O.B. | Terms of Sale | TERMS
method: Ship Via | Payment Method | Shipped Via | Method of Payment
business: Tax ID | Federal Tax ID | VAT Reg. No. | EIN | Tax Identification No.
account: Bank Account No. | Account No. | IBAN | Routing Number
text: For | Services Rendered | Job Description | In payment of | Memo
column product: Description | Item | Product | Article | Description of Goods | Item Description | Service
column product: DESCRIPTION
column count: Qty | Quantity | Qty. Shipped | Units | Qty Ordered | QTY | Hours
column price: Unit Price | Price | Rate | Price Each | Unit Cost | @
column amount: Amount | Total | Line Total | Extended Price | Net Amount | Extension | AMOUNT
column code: Item No. | Item # | SKU | Part No. | Code | Product ID
column unit_name: Unit | UOM
column percent: Tax | Disc. % | VAT
[tax_invoice]
title: TAX INVOICE | VAT Invoice | Tax Invoice (Original) | GST Invoice | Value Added Tax Statement | SALES TAX RECORD
section: Supplier | Recipient | Details of Supply | Tax Summary | Seller | Buyer | Tax Information | VAT Breakdown
date: Tax Date | Date of Supply | Issue Date | Tax Period
business: Supplier VAT No. | Registration No. | GSTIN | Buyer Tax ID | Seller Registration Number | TIN | ABN
business: VAT Number
company: Supplier | Recipient | Seller | Buyer | Trade Name | Registered Name
name: Representative | Proprietor | Person in Charge
money: Value of Supply | Tax Amount | Taxable Value | Total incl. Tax | Total excl. Tax | Exempt Amount
money: Zero-rated Sales | Output Tax | Cash | Check | Note | Credit | Taxable Sales | Withholding Tax
percent: Rate of Tax | GST Rate | CGST | SGST
text: Business Type | Line of Business | Nature of Business | Place of Supply
code: Serial Number | Approval No. | Book No. | HSN Code
column product: Item | Description of Supply | Goods or Services
column size: Specification | Size
column count: Quantity | Qty
column price: Unit Price | Rate
column amount: Value of Supply | Taxable Value | Tax | Net
column date: Date | Month/Day
[statement]
title: STATEMENT OF ACCOUNT | Account Statement | Monthly Statement | Delivery Statement | Statement
title: TRANSACTION STATEMENT | Customer Ledger
section: Account Summary | Transactions | Aging | Account Activity | Balance Summary | Important Messages
date: Statement Date | Closing Date | Last Payment Date | From | To | Opening Date
period: Statement Period | Period Covered | Billing Cycle
code: Account Number | Statement No. | Customer Number | Member No.
money: Opening Balance | Closing Balance | Balance Forward | Total Charges | Payments Received | Past Due | Current
money: 30 Days | 60 Days | Over 90 Days | Credit Limit | Minimum Payment | New Balance | Finance Charges
money: Amount Remitted | Available Credit | Purchases
company: Account Of | Customer | In Account With
column date: Date | Transaction Date | Posted
column text: Description | Transaction | Particulars | Reference
column money: Debit | Credit | Charges | Payments | Balance | Amount
column code: Invoice No. | Ref.
[quotation]
title: QUOTATION | Price Quotation | QUOTE | Estimate | Request for Quotation | Cost Estimate | PROPOSAL | Bid Form
title: Price List
section: Quotation For | Scope of Work | Terms and Conditions | Pricing | Validity | Customer | Estimate Summary
section: Bidder Information
date: Quote Date | Valid Until | Expiration Date | Estimated Delivery Date | Bid Due Date | Quotation valid to
code: Quote No. | Quotation # | RFQ No. | Estimate No. | Bid No. | Inquiry No.
money: Estimated Total | Total Price | Labor | Materials | Installation | Unit Price | Bid Amount | Total Estimate
money: Mark-up | Alternate 1 | Allowance | Setup Charge | Tooling
period: Validity | Delivery Time | Lead Time | Warranty | Delivery
terms: Terms of Payment | Delivery Terms | Incoterms
name: Prepared For | Quoted By | Estimator | Customer Signature | Accepted By
company: Prospect | Quote To | Bidder | Contractor
text: Project Description | Scope | Exclusions | Job Location | Size of Press Sheet | Stock | Ink
number: Minimum Order Quantity | Copies | Number of Colors
column product: Item | Description | Product | Work Item
column model: Model | Model No.
column count: Qty | Quantity | Units
column price: Unit Price | Price | Rate
column amount: Total | Amount | Ext. Price
column period: Lead Time | Delivery
column text: Remarks | Specification
[receipt]
title: RECEIPT | Cash Receipt | Sales Receipt | Official Receipt | PAYMENT RECEIPT | Customer Copy | GUEST CHECK
title: Rent Receipt
section: Payment Details | Items | Merchant Copy | Thank you | Received From | Order Summary
date: Date | Payment Date | Transaction Date
time: Time | Order Time | Time In | Printed
code: Receipt No. | Order No. | Transaction ID | Approval Code | Terminal ID | Check # | Register | Auth Code | Trans #
code: Store # | Ticket No. | Batch # | Merchant ID | Table | Tax Invoice No.
name: Cashier | Server | Received From | Paid By | Clerk | Served by
money: Subtotal | Tax | Total | Cash | Change | Tip | Total Amount | Amount Tendered | Rounding | Service Charge
money: The Sum of | Cash Tendered | Change Due | Balance | GST 6% | Total Sales (Inclusive GST) | Discount | You Saved
money: Net Total | Gratuity | Total Rounded
card: Card No. | Card Number | Acct
method: Payment Type | Tender | Paid By | Card Type
number: Guests | Items Sold | Item Count | Total Qty
text: For | In payment for | Table
column product: Item | Description | Product
column count: Qty | QTY
column price: Price | U.Price | RM
column amount: Amount | Amt | Total
[purchase_order]
title: PURCHASE ORDER | Purchase Order | Order Form | PURCHASE REQUISITION | Blanket Order | Change Order
title: ORDER CONFIRMATION | Stock Requisition
section: Vendor | Ship To | Order Details | Terms | Delivery Instructions | Approvals | Invoice To
section: Accounting Use Only
date: Order Date | Delivery Date | Required By | Date Needed | Promised Date | Confirm Date | Date Ordered | Ship By
code: P.O. Number | Purchase Order No. | Requisition No. | Vendor Code | Acct. No. | Charge To | Cost Center
code: Contract Number | Release No. | Buyer Code | G/L Account | Order Number | Change No. | Commodity Code
company: Vendor | Supplier | Vendor Name | Ship To | Deliver To | Suggested Vendor | Mark for
name: Buyer | Ordered By | Requisitioned By | Purchasing Agent | Authorized By | Confirming To | Deliver to (name)
terms: Terms | F.O.B. Point | Freight Terms | Payment
method: Ship Via | Carrier | Routing
money: Order Total | Total Amount | Estimated Cost | Not to Exceed | Total Order | Freight Charges
choice: Taxable | Partial Shipment Allowed | Confirming Order | Rush | Resale
text: Justification | Delivery Instructions | Mark Packages | Used For | Vendor Remarks | Packing Instructions
column product: Description | Item Description | Material | Article
column code: Item No. | Catalog No. | Stock No. | Part Number
column count: Qty. | Quantity Ordered | Order Qty | Quantity
column unit_name: Unit | U/M
column price: Unit Price | Price Per Unit | Unit Cost
column amount: Amount | Total Price | Extended Cost
column date: Delivery Date | Req'd Date
[shipping]
title: PACKING LIST | Bill of Lading | Shipping Order | Delivery Note | AIR WAYBILL | Packing Slip | SHIPPING NOTICE
title: Sample Transmittal | Return Authorization | Material Transfer
section: Shipper | Consignee | Shipment Information | Notify Party | Carrier Information | Contents | Ship From
section: Special Handling
date: Date Shipped | Ship Date | Arrival Date | ETA | ETD | Pickup Date | Delivery Date | Date Sent
date: Sailing on or about
code: B/L No. | Tracking No. | Waybill No. | Container No. | Seal No. | Booking No. | Order No. | Lot No. | Pro No.
code: Shipment ID | Flight No. | Voyage No. | Trailer No. | HS Code | L/C No. | Carton No.
company: Shipper | Consignee | Carrier | Notify Party | Ship From | Freight Forwarder | Exporter | Importer
company: Ultimate Consignee
place: Port of Loading | Port of Discharge | Destination | Origin | Final Destination | Place of Delivery
place: Place of Receipt | From | Point of Origin
unit: Gross Weight | Net Weight | Weight | Measurement | Tare | Volume | Chargeable Weight | Total Weight
number: No. of Packages | Total Cartons | Pieces | Number of Pieces | Pallets | No. of Boxes | Cases Shipped
country: Country of Origin | Country of Destination
text: Contents | Marks & Numbers | Vessel | Description of Goods | Condition | Reason for Shipment | Nature of Goods
text: Shipping Marks
money: Declared Value | Freight Charge | Insurance | Customs Value | C.O.D. Amount
name: Received By | Driver | Shipped By | Packed By | Checked by
method: Mode of Transport | Ship Via | Delivery Method
column product: Description | Goods | Contents | Commodity
column count: Qty | Pkgs | Cartons | No. of Pieces
column unit: Net Wt. | Gross Wt. | Weight | CBM
column code: Carton No. | Lot No. | Item | Part No.
column dimensions: Dimensions | Size
"""
