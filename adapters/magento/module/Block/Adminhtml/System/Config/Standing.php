<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Block\Adminhtml\System\Config;

use Comeback\Loyalty\Model\Condition;
use Comeback\Loyalty\Model\Queue;
use Magento\Backend\Block\Template\Context;
use Magento\Config\Block\System\Config\Form\Field;
use Magento\Framework\Data\Form\Element\AbstractElement;

/**
 * How many changes wait, and what was said when they last could not be told.
 */
class Standing extends Field
{
    private Queue $queue;

    private Condition $condition;

    /**
     * @param Context $context
     * @param Queue $queue
     * @param Condition $condition
     * @param array $data
     */
    public function __construct(Context $context, Queue $queue, Condition $condition, array $data = [])
    {
        parent::__construct($context, $data);
        $this->queue = $queue;
        $this->condition = $condition;
    }

    /**
     * Show neither a scope nor a box to inherit from: there is nothing to keep.
     *
     * @param AbstractElement $element
     * @return string
     */
    public function render(AbstractElement $element)
    {
        $element->unsScope()->unsCanUseWebsiteValue()->unsCanUseDefaultValue();
        return parent::render($element);
    }

    /**
     * @inheritdoc
     */
    protected function _getElementHtml(AbstractElement $element)
    {
        $words = (string)__('%1 changes wait.', $this->queue->length());
        if (!$this->condition->isGood()) {
            $words .= ' ' . __('The last try failed: %1', $this->condition->error());
        }
        return $this->escapeHtml($words);
    }
}
