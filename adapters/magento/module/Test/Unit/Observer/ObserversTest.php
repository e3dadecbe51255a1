<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Test\Unit\Observer;

use Comeback\Loyalty\Model\Notes;
use Comeback\Loyalty\Observer\CustomerDeleted;
use Comeback\Loyalty\Observer\CustomerSaved;
use Comeback\Loyalty\Observer\DocumentSaved;
use Comeback\Loyalty\Observer\OrderDeleted;
use Comeback\Loyalty\Observer\OrderSaved;
use Magento\Framework\DataObject;
use Magento\Framework\Event;
use Magento\Framework\Event\Observer;
use PHPUnit\Framework\TestCase;

/**
 * Each event of the shop is noted as what it is.
 */
class ObserversTest extends TestCase
{
    /**
     * @return array
     */
    public function events(): array
    {
        $order = ['id' => '42', 'store_id' => '2'];
        $customer = ['id' => '7', 'website_id' => '1'];
        return [
            'an order' => [OrderSaved::class, $order, 'order', ['42', '2', false]],
            'an order that is gone' => [OrderDeleted::class, $order, 'order', ['42', '2', true]],
            'a credit memo tells its order' => [
                DocumentSaved::class,
                ['id' => '3', 'order_id' => '42', 'store_id' => '2'],
                'order',
                ['42', '2', false]
            ],
            'a customer' => [CustomerSaved::class, $customer, 'customer', ['7', '1', false]],
            'a customer who is gone' => [CustomerDeleted::class, $customer, 'customer', ['7', '1', true]]
        ];
    }

    /**
     * @dataProvider events
     * @param string $class
     * @param array $row
     * @param string $method
     * @param array $noted
     */
    public function testAnEventIsNoted(string $class, array $row, string $method, array $noted): void
    {
        $notes = $this->createMock(Notes::class);
        $given = [];
        $notes->expects(self::once())->method($method)->willReturnCallback(
            static function ($id, $scope, bool $gone = false) use (&$given): void {
                $given = [$id, $scope, $gone];
            }
        );
        (new $class($notes))->execute(new Observer(new Event(['data_object' => new DataObject($row)])));
        self::assertSame($noted, $given);
    }
}
