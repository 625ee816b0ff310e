import QtQml
import QtQml.Models

/* The vendor's takes only items with these properties. */
ObjectModel {
	Component.onCompleted: {
		for (let n = 0; n < count; n++) {
			if (get(n).effectiveVisible === undefined || get(n).preferredVisible === undefined) {
				console.warn("an item of VisibleItemModel has no effectiveVisible:", get(n))
			}
		}
	}
}
