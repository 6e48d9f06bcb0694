"""English forms about money inside an organisation: expenses, budgets, requests, travel, accounts."""

TEXT = """
[expense_report]
title: EXPENSE REPORT | Travel Expense Report | Expense Claim Form | PETTY CASH VOUCHER | Check Request
title: REQUEST FOR PAYMENT | Reimbursement Form | Payment Voucher
section: Employee Information | Expense Details | Summary of Expenses | Transportation | Meals & Entertainment
section: Accounting Distribution | Approval | Amount Due Employee
name: Employee Name | Employee | Payable To | Claimant | Supervisor | Payee | Make Check Payable To
name: Persons Entertained | Manager Approval
code: Employee No. | Cost Center | Account Code | Voucher No. | Project Code | Charge Code | Vendor # | Check No.
code: G.L. Code | Dept. No. | Batch No.
period: Period Covered | Expense Period | Week Ending | Dates of Travel | Pay Period
date: Week Ending | Date Submitted | Date Paid | Date Incurred | Report Date | Date Check Needed
money: Airfare | Hotel | Meals | Mileage | Car Rental | Taxi | Parking & Tolls | Entertainment | Telephone
money: Total Expenses | Less Cash Advance | Amount Due Company | Total Reimbursement | Per Diem | Tips | Lodging
money: Advance Received | Amount Requested | Registration Fee | Breakfast | Lunch | Dinner | Amount of Check
money: Total Claimed | Local Transportation | Miscellaneous
purpose: Business Purpose | Purpose of Trip | Purpose of Expense | Reason for Expenditure | Explanation
number: Miles Driven | No. of Receipts | Odometer Start | Odometer End | Total Miles
choice: Receipt Attached | Mail Check | Reimbursable | Hold for Pickup
place: Destination | Place | City Visited
column date: Date | Day
column text: Description | Explanation | Expense | Type
column place: From | To | Location
column money: Amount | Hotel | Meals | Transport | Misc. | Total | Air
column code: Account | Acct. No.
[bank]
title: BANK STATEMENT | Deposit Slip | Wire Transfer Request | LOAN APPLICATION | Account Application
title: Direct Deposit Authorization | CHECKING ACCOUNT STATEMENT | Credit Application | Signature Card
title: Remittance Advice
section: Account Information | Borrower Information | Beneficiary | Transaction Detail | Collateral | Income
section: Assets and Liabilities | Employment | Card Information | Balance Summary
account: Account Number | Account No. | Beneficiary Account | Transfer From | Transfer To | Debit Account | Loan No.
account: ABA Number | Routing No. | Swift Code
name: Account Holder | Borrower | Co-Borrower | Beneficiary | Authorized Signer | Depositor | Name on Account
name: Cardholder Name | Teller
bank: Bank Name | Name of Bank | Financial Institution | Beneficiary Bank | Correspondent Bank | Branch
money: Beginning Balance | Ending Balance | Deposits | Withdrawals | Service Charges | Loan Amount | Monthly Payment
money: Interest Paid | Principal | Down Payment | Amount Requested | Annual Income | Other Income | Total Assets
money: Total Liabilities | Net Worth | Checks | Coin | Currency | Less Cash Received | Total Deposit | Mortgage Balance
money: Credit Limit | Minimum Amount Due | Average Daily Balance | Wire Amount
percent: Interest Rate | APR | Annual Percentage Yield | Loan to Value
period: Term | Loan Term | Time at Present Address | Maturity
date: Opening Date | Maturity Date | Value Date | Payment Due Date | Closing Date | Expiry
card: Card Number | Credit Card No.
citizen: Social Security No. | SSN | Taxpayer ID
choice: Account Type | Own or Rent | Joint Account | Checking/Savings
column date: Date | Value Date | Posting Date
column text: Description | Transaction | Particulars | Payee
column money: Debit | Credit | Balance | Withdrawals | Deposits | Amount
column code: Check No. | Ref.
[budget]
title: BUDGET REQUEST | Budget Approval Form | CAPITAL APPROPRIATION REQUEST | Project Budget
title: Authorization for Expenditure | BUDGET TRANSFER | Cost Summary | Budget Worksheet | FUNDING REQUEST
section: Budget Summary | Justification | Funding Source | Personnel Costs | Direct Costs | Project Description
section: Financial Summary | Estimated Costs | Approvals Required | Year to Date
money: Total Budget | Amount Budgeted | Budget Amount | Actual Expenditure | Committed to Date | Variance
money: Unspent Balance | Salaries | Fringe Benefits | Supplies | Consultant Fees | Overhead | Indirect Costs
money: Amount Requested | Amount Authorized | Revised Budget | Original Budget | Total Project Cost
money: Previously Approved | This Request | Expenditure to Date | Estimated Cost to Complete | Current Estimate
money: Contingency | Annual Savings | Capital | Expense | Total Appropriation | Equipment Cost | Spending to Date
money: Media Cost | Production Cost | Balance Remaining
code: Budget Code | Account Number | AFE No. | Authorization No. | Appropriation No. | Project No. | Job Number | Fund
code: Grant No. | Contract #
period: Budget Period | Fiscal Year | Project Duration | Payback Period
date: Estimated Start | Date of Request | Estimated Completion Date | Approval Date
project: Project Title | Project Name | Program | Project
name: Project Manager | Project Sponsor | Budget Holder | Controller | Finance Approval | Principal Investigator
percent: Return on Investment | Percent of Total | % Spent | IRR
department: Responsible Department | Originating Dept. | Requesting Department
long_text: Describe the proposed solution and its benefits | Justification for Expenditure | Explain variance
long_text: Alternatives considered | Why is this expenditure necessary?
choice: Included in budget | Budgeted/Unbudgeted | New or replacement | Over budget
column text: Category | Line Item | Account | Description | Activity
column money: Budget | Actual | Variance | Q1 | Q2 | Q3 | Q4 | Year to Date | Estimate | 1st Qtr.
column percent: % of Total | % Var.
[requisition]
title: REQUISITION | Material Requisition | SUPPLY REQUEST | Printing Requisition | Work Order Request
title: PERSONNEL REQUISITION | Service Request | COMPUTER SERVICE REQUEST | Sample Request Form | Library Request
title: Photo Request
section: Requester | Request Details | For Purchasing Use | Delivery | Specifications | Charge To
section: To be completed by supplier | Action
name: Requested by | Requestor | Requisitioner | Deliver to | Authorized by | Person to Contact | Ordered for
name: Filled by | Request From
date: Date of Request | Date Wanted | Date Required | Needed By | Date Filled | Completion Requested | Date Assigned
code: Requisition No. | Work Order No. | Charge Code | Request # | Stock Number | Job # | Cost Code | Brand Code
number: Quantity Requested | No. Requested | Number of Copies | Number of Samples | Number of Originals
number: Quantity on Hand
long_text: Describe work to be done | Description of Request | Special Requirements | Reason for request
long_text: Detailed description of problem | State exact use of material
department: Requesting Dept. | Charge Department | Department Name
product: Material Requested | Item Requested | Equipment Needed | Description of Articles
choice: Rush | Overtime Authorized | Collate | Staple | Priority Level | Proof Required
size: Paper Size | Size | Finished Size
color: Paper Color | Ink Color | Color
text: Stock | Use | Bindery | Output Media | Where to be used
column product: Item | Description | Article
column count: Qty | Quantity | No. Required | On Hand
column unit_name: Unit
column price: Unit Cost
column amount: Total Cost
column text: Purpose | Remarks
[travel]
title: TRAVEL REQUEST | Travel Authorization | TRAVEL ITINERARY | Trip Report | Hotel Reservation
title: Meeting Registration | Application for Leave | Vehicle Request | CONVENTION REGISTRATION
section: Traveler | Itinerary | Flight Information | Accommodation | Estimated Expenses | Guest Information
section: Transportation | Departure | Return
name: Traveler | Traveler Name | Passenger | Guest Name | Travel Coordinator | Accompanied by | Emergency Contact
date: Departure Date | Return Date | Check-in | Check-out | Arrival Date | Date of Trip | Leaving
time: Departure Time | Arrival Time | Leave | Arrive | Check-in Time | Pickup Time
place: Destination | From | To | Departing City | Location of Meeting | Airport | City of Departure | Hotel
code: Flight | Flight No. | Confirmation No. | Frequent Flyer No. | Passport No. | Ticket Number | Reservation No.
code: Seat
purpose: Purpose of Travel | Reason for Trip | Nature of Business
money: Room Rate | Air Fare | Cash Advance Requested | Estimated Total Cost | Rate per Night | Fare | Deposit Required
number: Number of Nights | No. of Guests | Number of Rooms | No. of Travelers | Number of days
choice: Smoking | Aisle/Window | Rental Car Needed | Class of Travel | Type of Room | Late Arrival | Visa Required
text: Airline | Special Requests | Meal Preference | Accommodations
long_text: Trip Summary | Results of Trip | Persons Visited
column date: Date | Day
column time: Depart | Arrive | Time
column place: From | To | City
column code: Flight No. | Carrier
column text: Activity | Remarks | Hotel
"""
