"""English papers of laboratories, plants and research departments."""

TEXT = """
[lab_report]
title: LABORATORY REPORT | Certificate of Analysis | TEST REPORT | Analytical Report | Sample Analysis Request
title: LABORATORY ANALYSIS SHEET | Smoke Analysis | ANALYTICAL REQUEST FORM | Blood Test Report | Report of Analysis
title: Toxicity Test Record | Chemical Data Sheet
section: Sample Information | Test Results | Analytical Results | Method | Submitter | Conclusion | Test Conditions
section: Physical Properties | Chemical Properties | Smoke Data | Quality Control | Reference Ranges
section: Materials and Methods | Dosing
name: Analyst | Chemist | Technician | Study Director | Submitted By | Approved by | Investigator | Sampled by
name: Lab Manager | Results reported to | Pathologist | Tested by | Report to | Responsible Scientist
code: Sample No. | Sample ID | Lab No. | Lot No. | Batch No. | Notebook Page | Accession Number | CAS No.
code: Project Number | Test No. | Report No. | Specimen ID | Animal No. | Study No. | Notebook No. | Run No.
code: Sample Code | Method No. | Compound Code | Formula No.
date: Date Sampled | Date Received | Date Analyzed | Date Reported | Date of Collection | Test Date | Study Start
date: Sacrifice Date | Date Sample Submitted | Date of Manufacture | Date Completed | Experimental Start | Dosing Date
unit: pH | Moisture | Nicotine | Tar | Specific Gravity | Melting Point | Boiling Point | Viscosity | Total Nitrogen
unit: Ash | Detection Limit | Dilution | Flash Point | Puff Count | Pressure Drop | Concentration | Sample Weight
unit: Density | Refractive Index | Carbon Monoxide | TPM | FTC Tar | Filter Length | Circumference | Body Weight
unit: Molecular Weight | Dose Level | Volume | Room Temperature | Relative Humidity | LD50 | Total Alkaloids
unit: Reducing Sugars | Ventilation | Draft | Firmness | Solvent Volume
test: Test | Analysis Requested | Test Method | Procedure | Assay | Parameter | Type of Analysis | Tests Required
test: Test Performed | Determination
material: Sample Type | Matrix | Material | Sample Description | Test Article | Vehicle | Test Substance
material: Control Article | Solvent
company: Client | Laboratory | Testing Facility | Supplier | Sponsor | Contract Laboratory
text: Appearance | Solubility | Species | Strain | Route of Administration | Storage Conditions | Structure | Purity
text: Source | Odor | Instrument | Column | Carrier Gas | Stability | Test System | Chemical Name | Hazards | Compound
number: No. of Samples | Number of Animals | Replicates | Number of Determinations | No. per sex | Number of Puffs
percent: Purity | Recovery | Std. Dev. | RSD | % Moisture | % Nicotine | Mortality | Standard Error
choice: Pass/Fail | Result | Fasting | In Spec | Specimen Type | Retain Sample | GLP Study
long_text: Conclusion | Summary of Results | Observations | Purpose of Test | Comments on results | Objective
long_text: Procedure | Special precautions | Clinical signs | Discussion of results
column test: Test | Parameter | Analysis | Property
column unit: Result | Value | Found | Limit | Control | Sample A | Sample B
column unit_name: Unit | Units
column text: Method | Reference | Appearance
column number: Sample 1 | Sample 2 | Mean | Group 1 | Animals
column percent: % Recovery | RSD % | %
column code: Sample No. | Lot | Lab No.
[inspection]
title: INSPECTION REPORT | Quality Inspection Report | CHECKLIST | Vehicle Inspection | FIRE INSPECTION REPORT
title: Audit Report | Daily Safety Inspection | NONCONFORMANCE REPORT | Receiving Inspection | Home Inspection
title: Field Report | Housekeeping Audit | STORE AUDIT
section: Facility | Inspection Items | Findings | Corrective Actions | Exterior | Interior | Electrical | Plumbing
section: General Conditions | Equipment | Deficiencies | Inspector Certification | Acceptance Criteria
name: Inspector | Inspected By | Auditor | Owner | Site Manager | Accompanied by | Verified by | Q.C. Inspector
name: Shift Supervisor | Person in Charge | Foreman
code: Inspection No. | Report No. | Part No. | Drawing No. | Lot No. | NCR No. | Permit Number | Heat No. | Serial No.
code: Unit No. | Gauge No. | Checklist No. | P.O. No. | Line No.
date: Inspection Date | Date of Last Inspection | Next Inspection Due | Re-inspection Date | Correct by | Date of Audit
date: Date Corrected
time: Time In | Time Out | Time of Inspection | Start
number: Lot Size | Sample Size | Qty Inspected | Quantity Rejected | No. of Defects | Quantity Accepted | AQL
number: Number of Violations | Mileage | No. of Exits
choice: Result | Accept/Reject | Overall Condition | Brakes | Lights | Tires | Fire Extinguisher | Exits Clear
choice: Guards in Place | Floors Clean | Housekeeping | First Aid Kit | Ladders | Wiring | Horn | Follow-up Required
choice: Emergency Lighting | Handrails
text: Defect Description | Type of Inspection | Area Inspected | Equipment Used | Violation | Code Section | Standard
text: Deviation | Specification
unit: Tolerance | Diameter | Length | Torque | Temperature | Pressure | Nominal | Tread Depth | Measured Value
company: Facility Name | Supplier | Vendor | Contractor | Establishment
long_text: Findings | Recommended Action | Corrective Action Required | Cause of Nonconformance | Inspector's Comments
long_text: Disposition | General observations
score: Score | Rating | Grade
weather: Weather
column text: Item | Inspection Item | Characteristic | Area | Finding | Corrective Action | Remarks
column choice: OK | Pass | Fail | Yes | No | N/A | Result
column unit: Specification | Measured | Tolerance | Actual
column date: Date Corrected
column name: Inspector
column score: Score
[research]
title: RESEARCH PROJECT SHEET | Research Proposal | PROJECT STATUS REPORT | Progress Report | Project Summary
title: GRANT APPLICATION | NEW PROJECT INITIATION | Research Abstract | Study Protocol | PROJECT PLAN
title: Technical Report | PATENT DISCLOSURE | Invention Disclosure | Quarterly Research Report
section: Objective | Background | Methodology | Personnel | Budget | Timetable | Results to Date | Future Plans
section: Literature Cited | Specific Aims | Project Description | Facilities Available | Significance | Key Milestones
section: Co-workers | Abstract
project: Project Title | Title of Project | Study Title | Project Name | Title | Program Title | Short Title
project: Title of Research
name: Principal Investigator | Co-Investigator | Project Leader | Researcher | Project Director | Author
name: Sponsor Contact | Inventor | Group Leader | Responsible Official | Senior Investigator | Department Chairman
name: Reviewed and approved | Monitor
code: Project No. | Grant Number | Study Number | Protocol No. | Contract No. | Report Number | Charge Number
code: Program Code | Disclosure No. | Library No.
company: Institution | Sponsor | Funding Agency | Contractor | Performing Organization | Field Service
company: Sponsoring Company | Name of Institution | Research Supplier
date: Project Start Date | Proposed Starting Date | Estimated Completion | Date of Report | Approval Date
date: Final Report Due | Fieldwork Start | Topline Due | Date Initiated | Date of conception | Final Report
date: Field Complete
period: Duration of Project | Report Period | Project Period | Reporting Quarter | Proposed Period of Support
period: Funding Period
money: Amount Requested | Total Cost | Direct Costs | Indirect Costs | Amount Funded | First Year Budget
money: Cost of Study | Previous Support | Estimated Project Cost | Travel | Permanent Equipment | Consumable Supplies
number: Sample Size | Number of Subjects | Man-hours | Technician Hours | Number of Cells | Number of Interviews
number: Man-years | Priority Ranking | No. of References
percent: Percent Effort | % Complete | % of Time | Confidence Level
method: Methodology | Method | Research Method | Data Collection
purpose: Purpose | Objective | Aim
text: Keywords | Subject Area | Type of Study | Hypothesis | Population | Field of Research | Species | Research Area
text: Action Standard | Key Words | Stimuli | Suggested by
long_text: Abstract | Background | Specific Aims | Summary of Work | Research Objectives | Results
long_text: Significance of Research | Work Planned | Describe the proposed research | Progress during period
long_text: Problem Statement | Conclusions and recommendations | Problems encountered | Objective of Project
long_text: Potential Applications
status: Project Status | Status
choice: Human Subjects | Priority | Animal Studies | Classification | New/Continuing | Publication Planned
choice: Confidential
column text: Task | Activity | Milestone | Personnel | Work Item | Objective
column date: Start | Finish | Target | Completed
column name: Investigator | Responsible | Name
column money: Year 1 | Year 2 | Year 3 | Cost | Budget
column percent: % Effort | % Complete
column number: Hours | Man-days | N
column project: Project | Title
column status: Status
[market_test]
title: PRODUCT TEST REPORT | Market Test Summary | MARKETING RESEARCH PROPOSAL | Sales Report | CONSUMER PRODUCT TEST
title: Competitive Activity Report | Retail Survey Report | MARKETING RESEARCH AUTHORIZATION | Taste Test
title: New Product Report | PANEL TEST | Field Sales Report | Blind Product Test
section: Test Design | Products Tested | Sample | Key Findings | Distribution | Sales Results | Action Standard
section: Competitive Activity | Recommendations | Research Objective | Test Cities | Introduction | Effectiveness
brand: Brand | Test Brand | Control Brand | Competitive Brand | Brand Tested | New Brand | Product A | Product B
product: Test Product | Product Description | Control Product | Type of Product
code: Test No. | Study # | MRD No. | Product Code | Blend Code | Panel No. | Sample Code | Project #
place: Test Market | Test City | Markets | Sales Region | Division | Territory | Cities | Geographical Area
company: Manufacturer | Research Supplier | Retailer | Chain Name | Tabulating House | Name of Account | Wholesaler
company: Field Agency
date: Test Start | Test End Date | Field Start | Report Due | Launch Date | Date Mailed | Final Report Due
date: Introduction Date | Date of Check
period: Test Period | Fieldwork Dates | Field Time | Sales Period
number: Sample Size | Number of Respondents | No. of Stores | Units Sold | Number of Panelists | Cells | Volume
number: Stores Visited | Total Calls | No. of Accounts | Sample shipped | Packs per Carton | Usable Returns
percent: Market Share | Preference | Trial Rate | Repeat Rate | % Distribution | Awareness | Out-of-Stock % | Incidence
percent: Top Box | Response Rate | Change vs. Year Ago | Sales Index
score: Taste | Mildness | Overall Liking | Strength | Draw | Rating | Aroma | Burn
money: Retail Price | List Price | Research Cost | Price Per Carton | Promotion Allowance | Wholesale Price
money: Cost of Test | Case Price | Buydown
size: Size | Package Size | Packing | Length | Type of Pack
text: Target Audience | Respondent Type | Competitive Promotion | Qualifications | Type of Test | Pack Design
text: Displays Used | Flavor | Copy Theme | Extent of area | Type of Promotion | Pricing
long_text: Key Findings | Recommendation | Consumer Reaction | Action Standard | Trade Reaction | Evaluation
long_text: Reasons for Preference | Background and objectives | General comments on sales | Retail acceptance
name: Account Manager | Research Analyst | Sales Manager | Division Manager | Requested by | Field Rep.
name: Brand Group Contact | Sales Representative | Reported by
column brand: Brand | Product
column percent: Share | Trial | Repeat | % | Change | Male | Female
column number: Volume | Base | Stores | Units | Sales | Cartons
column score: Rating | Test | Control | Mean
column place: Market | City | Region
column money: Price | Sales
column text: Attribute | Comments | Promotion
[product_specification]
title: PRODUCT SPECIFICATION | Specification Sheet | MATERIAL SPECIFICATION | Data Sheet | Material Safety Data Sheet
title: Technical Data Sheet | CIGARETTE SPECIFICATION | Packaging Specification | Blend Specification
title: PROTOTYPE REQUEST | Engineering Change Notice | SPECIFICATION CHANGE | Bill of Materials
title: Product Development Form
section: General Description | Physical Properties | Dimensions | Performance | Materials | Packaging
section: Electrical Characteristics | Filter | Wrapper | Operating Conditions | Approvals | Blend | Revision History
section: Ordering Information | Ingredients | Nutrition Facts | First Aid Measures
product: Product | Product Name | Item | Part Name | Trade Name | Component | Assembly
brand: Brand | Brand Style | Brand Family
model: Model | Model No. | Type | Part Number | Grade | Version | Machine
code: Specification No. | Revision | Drawing No. | Item Code | ECN No. | UPC | Formula | Blend Number | Material Code
code: Spec. No. | CAS Number | Supersedes | Code | Cigarette Code | Filter Code
material: Material | Finish | Composition | Base Material | Tipping Paper | Cigarette Paper | Plug Wrap | Inner Liner
material: Wrapper | Filter Type | Tow
unit: Weight | Length | Width | Height | Diameter | Thickness | Voltage | Power Consumption | Capacity
unit: Operating Temperature | Circumference | Max. Load | Tolerance | Porosity | Moisture Content | Storage Temperature
unit: Shelf Life | Filter Length | Tipping Length | Total Length | Firmness | Tobacco Weight | Input Current
unit: Noise Level | Flow Rate | Plug Length | Density | Basis Weight | Serving Size | Caliper | Pressure Drop
unit: Resistance | Burst Strength
dimensions: Dimensions | Overall Dimensions | Size | Outside Dimensions | Packing Size | Carton Size | Sheet Size
color: Color | Ink Color | Print Color
company: Manufacturer | Supplier | Vendor | Approved Source
number: Quantity per Case | Units per Carton | Copies | Plies | Packs per Carton | Cigarettes per Pack | Calories
date: Effective Date | Revision Date | Issue Date | Date Required | Supersedes Date
text: Application | Description of Change | Features | Connector | Type of Tobacco | Flavor | Casing | Hazard Class
text: Ingredients | Adhesive | Printing Process | Test Method | Certification
name: Originator | Engineer | Drawn by | Checked by | Product Developer | Designed by | Released by | Q.A. Approval
percent: Tolerance % | Shrinkage | Burley | Bright | Turkish | Recycled Content | Moisture | Efficiency | Total Fat
long_text: Reason for Change | Description | Storage and Handling | Special Instructions | Intended use
long_text: Safety precautions | Justification
column text: Property | Parameter | Component | Item | Characteristic | Feature
column unit: Value | Min. | Max. | Target | Nominal | Specification | Tolerance
column unit_name: Unit | Units
column material: Material
column code: Part No. | Code | Rev.
column percent: % | Wt. %
column count: Qty
[maintenance]
title: MAINTENANCE REQUEST | Work Order | SERVICE REPORT | Equipment Record | Repair Order | PREVENTIVE MAINTENANCE LOG
title: Calibration Certificate | Machine Downtime Report | Job Ticket | Installation Report | Computer Problem Report
title: EQUIPMENT TRANSFER
section: Equipment | Problem Description | Parts Used | Labor | Work Performed | Customer Acceptance | Calibration Data
section: Service Details | Standards Used | Cost Summary
name: Technician | Mechanic | Reported by | Serviced by | Assigned to | Customer Signature | Operator
name: Service Engineer | Completed by | Released to
code: Work Order No. | Job No. | Asset No. | Serial Number | Service Tag | Equipment No. | Machine No. | Ticket No.
code: Certificate No. | Call No. | Property Tag | Meter No.
model: Model | Make/Model | Equipment Model | Engine No. | Type
product: Equipment | Equipment Name | Instrument | Machine | Unit Under Test | Appliance
date: Date Reported | Service Date | Calibration Date | Next Due | Date of Repair | Installation Date
date: Warranty Expires | Date In Service | Date Scheduled
time: Time Called | Time Arrived | Time Completed | Downtime | Travel Time
number: Labor Hours | Meter Reading | Run Hours | Downtime Hours | Odometer | Mileage
money: Labor Cost | Parts Cost | Total Charge | Estimated Cost | Travel Charge | Book Value | Acquisition Cost
money: Hourly Rate
text: Problem Reported | Symptom | Parts Replaced | Type of Service | Area/Building | Cause | Tools Required
text: Frequency | Fault
long_text: Description of Work Performed | Description of Problem | Action Taken | Recommendations | Remedy
long_text: Details of malfunction
choice: Warranty | Priority | Emergency | Job Complete | Type of Maintenance | Under Contract | Equipment Down
choice: Shutdown Required
status: Status | Condition
unit: Voltage | Oil Pressure | Temperature | Reading Before | Reading After | Accuracy | Range | Ambient Temp.
column text: Part Description | Task | Work Performed | Check Point
column code: Part No. | Asset No.
column count: Qty | Quantity
column price: Unit Cost | Price
column amount: Total
column date: Date | Next Due
column name: Technician | By
column unit: Nominal | Reading | Error
column number: Hours
"""
