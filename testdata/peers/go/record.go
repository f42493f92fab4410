package main

import (
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// record is a record of the index: a return's item.
type record struct {
	ObjectID          string  `json:"objectID"`
	Account           string  `json:"account"`
	AccountKey        string  `json:"accountKey"`
	Channel           *string `json:"channel,omitempty"`
	ReturnID          uint64  `json:"returnId"`
	ReturnNumber      string  `json:"returnNumber"`
	OrderNumber       string  `json:"orderNumber"`
	VendorOrderNumber *string `json:"vendorOrderNumber,omitempty"`
	ReturnType        string  `json:"returnType"`
	Status            string  `json:"status"`
	StatusRank        int64   `json:"statusRank"`
	CarrierStatus     *string `json:"carrierStatus,omitempty"`
	StatusAt          millis  `json:"statusAt,omitempty"`
	TrackingID        *string `json:"trackingId,omitempty"`
	Courier           *string `json:"courier,omitempty"`
	IsCOD             bool    `json:"isCod"`
	Resolution        string  `json:"resolution"`
	Refund            struct {
		AmountMinor int64   `json:"amountMinor"`
		Currency    string  `json:"currency"`
		Mode        *string `json:"mode,omitempty"`
		Status      *string `json:"status,omitempty"`
	} `json:"refund"`
	Customer struct {
		Name       *string `json:"name,omitempty"`
		PhoneLast4 *string `json:"phoneLast4,omitempty"`
	} `json:"customer,omitzero"`
	Pickup struct {
		City       *string `json:"city,omitempty"`
		State      *string `json:"state,omitempty"`
		PostalCode *string `json:"postalCode,omitempty"`
		Country    *string `json:"country,omitempty"`
	} `json:"pickup,omitzero"`
	DropLocation *string `json:"dropLocation,omitempty"`
	Item         struct {
		SKU            string          `json:"sku"`
		ESIN           *string         `json:"esin,omitempty"`
		EAN            *string         `json:"ean,omitempty"`
		Name           string          `json:"name"`
		ImageURL       *string         `json:"imageUrl,omitempty"`
		Quantity       int64           `json:"quantity"`
		UnitPriceMinor int64           `json:"unitPriceMinor"`
		Reason         *string         `json:"reason,omitempty"`
		SubReason      *string         `json:"subReason,omitempty"`
		Status         string          `json:"status"`
		Condition      *string         `json:"condition,omitempty"`
		QCReasons      json.RawMessage `json:"qcReasons,omitempty"`
	} `json:"item"`
	ReturnLineCount int64  `json:"returnLineCount"`
	RequestedAt     millis `json:"requestedAt,omitempty"`
	PickedUpAt      millis `json:"pickedUpAt,omitempty"`
	DeliveredAt     millis `json:"deliveredAt,omitempty"`
	ReceivedAt      millis `json:"receivedAt,omitempty"`
	CompletedAt     millis `json:"completedAt,omitempty"`
	CancelledAt     millis `json:"cancelledAt,omitempty"`
	CreatedAt       millis `json:"createdAt"`
	UpdatedAt       millis `json:"updatedAt"`
	RowVersion      uint64 `json:"rowVersion"`
}

// scan reads a row of rows.sql, whose first four columns are no fields.
func (r *record) scan(rows *sql.Rows) error {
	var none sql.RawBytes
	var reasons []byte
	err := rows.Scan(&none, &none, &none, &none,
		&r.ObjectID, &r.Account, &r.Channel, &r.ReturnID, &r.ReturnNumber, &r.OrderNumber, &r.VendorOrderNumber,
		&r.ReturnType, &r.Status, &r.StatusRank, &r.CarrierStatus, &r.StatusAt, &r.TrackingID, &r.Courier, &r.IsCOD,
		&r.Resolution, &r.Refund.AmountMinor, &r.Refund.Currency, &r.Refund.Mode, &r.Refund.Status,
		&r.Customer.Name, &r.Customer.PhoneLast4, &r.Pickup.City, &r.Pickup.State, &r.Pickup.PostalCode, &r.Pickup.Country,
		&r.DropLocation, &r.Item.SKU, &r.Item.ESIN, &r.Item.EAN, &r.Item.Name, &r.Item.ImageURL, &r.Item.Quantity,
		&r.Item.UnitPriceMinor, &r.Item.Reason, &r.Item.SubReason, &r.Item.Status, &r.Item.Condition, &reasons,
		&r.ReturnLineCount, &r.RequestedAt, &r.PickedUpAt, &r.DeliveredAt, &r.ReceivedAt, &r.CompletedAt, &r.CancelledAt,
		&r.CreatedAt, &r.UpdatedAt, &r.RowVersion)
	r.Item.QCReasons = reasons
	r.AccountKey = "a" + hex.EncodeToString([]byte(r.Account))
	return err
}

// millis is a time in milliseconds since 1970, 0 where the column has none.
type millis int64

// Scan reads a DATETIME.
func (m *millis) Scan(v any) error {
	switch t := v.(type) {
	case nil:
		*m = 0
	case time.Time:
		if !t.IsZero() {
			*m = millis(t.UnixMilli())
		}
	default:
		return fmt.Errorf("%T is no time", v)
	}
	return nil
}
