"""English sentences with slots: notices, instructions, terms, memos, answers of several sentences, page furniture."""

TEXT = """
sentence: Please {verb} the {adjective} {noun} and return this form to {department} by {date}. | Please print or type.
sentence: Use black ink only. | Attach additional sheets if necessary. | Do not write in this space.
sentence: Read the instructions on the reverse side before completing this form.
sentence: All {noun}s must be {done} before the {noun} is {done}.
sentence: Incomplete {noun}s will be returned to the {position}. | Retain a copy of this {noun} for your records.
sentence: This {noun} contains confidential information and is intended only for the addressee named above.
sentence: If you are not the intended recipient, any disclosure, copying or distribution is strictly prohibited.
sentence: If you have received this {noun} in error, please notify us immediately by telephone and destroy the original.
sentence: The information on this page is privileged and may not be {done} without written permission.
sentence: If you do not receive all of the pages, please call {phone} as soon as possible.
sentence: If you have any questions, please call {name} at {phone}.
sentence: Attached for your {adjective} {noun} is a copy of the {noun} {noun} dated {date}.
sentence: Enclosed please find the {adjective} {noun} for {noun} {code}. | Thank you for your {adverb} {done} {noun}.
sentence: As discussed with {name}, we will {verb} the {noun} next week.
sentence: Please let me know if the {adjective} {noun} is acceptable.
sentence: I would appreciate your comments on the {noun} {noun} by {date}.
sentence: Per our conversation of {date}, the {noun} should be {done} {adverb}.
sentence: We look forward to working with you on this {noun}.
sentence: The {noun} was {done} by the {department} department on {date}.
sentence: We will {verb} the {noun} {adverb} and {verb} the {adjective} {noun} before {date}.
sentence: The {adjective} {noun} of the {noun} is {percent} higher than the {adjective} {noun}.
sentence: {department} has {done} {count} {noun}s since {date}.
sentence: A total of {count} {noun}s were {done} during the {adjective} period.
sentence: No {adjective} difference was found between the {noun} and the {adjective} {noun}.
sentence: The {noun} {noun} is expected to {verb} {noun} cost by {percent}.
sentence: Results of the {noun} will be {done} to {company} in {year}.
sentence: Subjects were asked to {verb} the {noun} and to rate its {noun} and {noun}.
sentence: Each {noun} was {done} {count} times at a {adjective} temperature of {unit}.
sentence: Samples of the {adjective} {noun} were {done} {adverb} and {done} in {city}.
sentence: The objective of this {noun} is to {verb} the effect of {adjective} {noun} on {noun}.
sentence: It is recommended that {company} {verb} the {adjective} {noun}.
sentence: The {adjective} {noun} appeared {adjective} to most of the {count} respondents.
sentence: These {noun}s suggest that the {noun} of {word} depends on {word}.
sentence: All prices are subject to change without notice. | Payment is due within {small} days of the {noun} date.
sentence: A {noun} charge of {percent} per month will be added to past due {noun}s.
sentence: Goods once sold are not returnable. | The {noun} shall {verb} the {noun} in accordance with Section {small}.
sentence: Neither party shall be liable for any {adjective} {noun} arising out of this {noun}.
sentence: This {noun} shall be governed by the laws of {place}.
sentence: The {position} may terminate this {noun} upon {small} days written notice.
sentence: Title to the {noun} passes to the buyer upon {adjective} {noun}. | Make all checks payable to {company}.
sentence: Claims for {adjective} {noun}s must be made within {small} days of {noun}.
sentence: I certify that the above {noun} is true and correct to the best of my knowledge.
sentence: I hereby authorize {company} to {verb} my {adjective} {noun}.
sentence: The undersigned agrees to {verb} the {noun} {adverb}.
sentence: I understand that any false {noun} may result in the {noun} of this {noun}.
sentence: By signing below you agree to the terms of the {adjective} {noun}.
sentence: Under penalties of perjury, I declare that I have examined this {noun}.
sentence: {name} will {verb} all {noun}s on behalf of {company}.
sentence: We have {done} the {noun} and found it to be in {adjective} condition.
sentence: {name} reported that the {noun} at {place} is {adjective}.
sentence: The {department} group met on {date} to {verb} the {adjective} {noun}.
sentence: {name} {done} the {noun} and {name} will follow up. | The next {noun} is scheduled for {date} at {time}.
sentence: It was agreed to {verb} {count} {noun}s {adverb}. | {Word} {noun}s remain {adjective} in the {city} area.
sentence: Our {noun} in {city} {done} {count} {noun}s for a total of {money}.
sentence: The committee {done} a {noun} of {money} for {adjective} {noun}.
sentence: Competitive {noun}s were {done} in {count} {noun}s.
sentence: {brand} was preferred over {brand} by {percent} of the {noun}. | Thank you for your business!
sentence: Please come again. | Keep this {noun} for exchange or refund within {small} days.
sentence: See reverse side for terms and conditions. | This is a computer generated {noun} and requires no signature.
sentence: Warning: {bs}. | For additional {noun}s visit {url}. | Your {noun} is important to us.
sentence: {Catch} for {adjective} {noun}s. | {Bs} and {bs}. | The {word} {noun} {done} a {word} and {word} {noun}.
sentence: There is no {word} for {adjective} {word}.
done: reviewed | submitted | prepared | approved | returned | evaluated | compared | measured | recorded | replaced
done: delivered | installed | collected | distributed | confirmed | completed | verified | conducted | revised
done: updated | examined | reported | shipped | reduced | improved | tested | developed | purchased | transferred
done: inspected | discussed | maintained | obtained | analyzed | mailed | received
long_text: {sentence} | {sentence} {sentence} | {sentence} {sentence} {sentence}
long_text: To {verb} the {adjective} {noun} and {verb} {noun} {noun}.
long_text: {Adjective} {noun} of {noun}; {noun} {done} {adverb}. | {Noun} {noun} {done} on {date}. {Noun} {adjective}.
long_text: {Verb} {noun}, {verb} {noun} and {verb} {adjective} {noun}.
long_text: {Noun} was {adjective} and {done}; no further action required.
long_text: 1) {Verb} the {noun}. 2) {Verb} the {adjective} {noun}. 3) {Verb} {noun} {adverb}.
long_text: Recommend {noun} be {done} before next {noun}. | {Bs}. {Catch}.
footer: Page {small} of {small} | Page {small} | - {small} - | {small} | Form {code} (Rev. {small}/{small})
footer: Form No. {code} | {code} | {company} | {address} | Tel. {phone} Fax {phone} | {url} | CONFIDENTIAL
footer: PROPRIETARY AND CONFIDENTIAL | Printed in U.S.A. | White - Accounting; Yellow - {department}; Pink - File
footer: An Equal Opportunity Employer | DRAFT | cc: {name} | Rev. {date}
footer: Copyright © {year} {company}. All rights reserved. | {sentence} | FAX RECEIVED {date} {time}
footer: {date} {time} FROM {company} TO {phone} P.{small} | COPY | ORIGINAL | Source: {url} | Continued on next page
footer: OVER | Member of {company} | {initials} | {date}
slogan: {catch} | {Bs} | {Adjective} {noun}s for {adjective} {noun}s | Serving {city} since {year} | The {noun} people
slogan: Your {noun} is our {noun} | Quality {noun}s. {Adjective} {noun}s. | A {company} Company
slogan: {Noun} & {Noun} Specialists | Where {noun} comes first | Division of {company} | Established {year}
slogan: {Department} Department | Office of the {position}
letterhead: {address} | Tel. {phone} | Phone: {phone} Fax: {phone} | {url} | {email} | {department} Department
letterhead: {city}, {place} | P.O. Box {count} | {phone} | Cable: {word} Telex {code} | {slogan} | Reg. No. {business}
letterhead: GST No: {code}
"""
